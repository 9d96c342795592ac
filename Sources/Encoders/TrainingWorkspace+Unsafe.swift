internal import LowRank
internal import VectorMath

/// Rows of values in a training pass, floats or bfloat16.
struct ActivationRows: @unchecked Sendable {
    let values: UnsafeMutableRawPointer
    /// Values in a row, and from a row to the next.
    let width: Int
    let precision: Precision

    init(rows: Int, width: Int, precision: Precision, in arena: Arena) {
        values = UnsafeMutableRawPointer(arena.take(UInt8.self, count: rows * width * precision.byteCount))
        self.width = width
        self.precision = precision
    }

    /// Rows in a scratch.
    init(at values: UnsafeMutableRawPointer, width: Int, precision: Precision) {
        self.values = values
        self.width = width
        self.precision = precision
    }

    static func byteCount(rows: Int, width: Int, precision: Precision) -> Int {
        Arena.byteCount(of: UInt8.self, count: rows * width * precision.byteCount)
    }

    /// A row's values from a column on.
    func row(_ row: Int, column: Int = 0) -> UnsafeMutableRawPointer {
        values + (row * width + column) * precision.byteCount
    }

    /// Some rows, to multiply; all columns, or those from `column` on.
    func input(_ rows: Range<Int>, column: Int = 0) -> ProductInput {
        ProductInput(values: row(rows.lowerBound, column: column), stride: width, rows: rows.count)
    }

    /// Writes one row of floats.
    func pack(_ floats: UnsafePointer<Float>, as row: Int) {
        if precision == .bf16 {
            Convert.bfloat16s(
                from: floats, into: self.row(row).assumingMemoryBound(to: BFloat16.self), count: width)
        } else {
            self.row(row).assumingMemoryBound(to: Float.self).update(from: floats, count: width)
        }
    }

    /// One row as floats: itself, or a copy in `buffer`.
    func floats(_ row: Int, _ buffer: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
        if precision == .f32 { return UnsafePointer(self.row(row).assumingMemoryBound(to: Float.self)) }
        Convert.floats(from: self.row(row).assumingMemoryBound(to: BFloat16.self), into: buffer, count: width)
        return UnsafePointer(buffer)
    }
}

/// What the way back needs of a group's way through the blocks.
final class TrainingActivations: @unchecked Sendable {
    /// Of one block.
    struct Block {
        /// What query, key and value are made from, `[T, D]`.
        let input: ActivationRows
        /// `[T, 3 · D]`.
        let queryKeyValue: ActivationRows
        /// What attention gives, `[T, D]`.
        let context: ActivationRows
        let attentionNormalization: Normalization
        /// What the feed-forward part reads, `[T, D]`.
        let middle: ActivationRows
        /// What goes into GELU, `[T, F]`.
        let wide: ActivationRows
        let outputNormalization: Normalization
        /// x · Aᵀ of the four layers' adapters, `[T, ΣR]` each, as far as there are any.
        let projections: Projections
    }

    /// What a layer normalisation reads, `[T, D]`, and the statistics of its rows, `[T]`.
    struct Normalization {
        let input: ActivationRows
        let means: UnsafeMutablePointer<Float>
        let reciprocalDeviations: UnsafeMutablePointer<Float>
    }

    struct Projections {
        let input: UnsafeMutablePointer<Float>
        let output: UnsafeMutablePointer<Float>
        let intermediate: UnsafeMutablePointer<Float>
        let last: UnsafeMutablePointer<Float>
    }

    /// What decides how much memory is needed.
    struct Shape: Hashable {
        /// The rows that there is room for.
        let capacity: Int
        /// The block from which on something is kept.
        let lowest: Int
        /// ΣR of each layer of each block.
        let ranks: [[Int]]

        init(_ adapter: TrainingEncoder.BoundAdapter, lowest: Int, capacity: Int) {
            self.capacity = capacity
            self.lowest = lowest
            ranks = adapter.blocks.map(\.ranks)
        }
    }

    private let arena: Arena
    let shape: Shape
    /// Those that keep nothing share one.
    let blocks: [Block]

    init(_ encoder: TrainingEncoder, _ shape: Shape) {
        self.shape = shape
        let rows = shape.capacity
        let shared =
            shape.lowest > 0 ? shape.ranks.prefix(shape.lowest).reduce([0, 0, 0, 0]) { zip($0, $1).map(max) } : nil
        let all = shape.ranks.dropFirst(shape.lowest) + (shared.map { [$0] } ?? [])
        let arena = Arena(byteCount: all.reduce(0) { $0 + Self.byteCount(encoder, ranks: $1, rows: rows) })
        self.arena = arena
        func block(_ ranks: [Int]) -> Block { Self.block(encoder, ranks, rows, arena) }
        blocks =
            (shared.map { Array(repeating: block($0), count: shape.lowest) } ?? [])
            + shape.ranks.dropFirst(shape.lowest).map(block)
    }

    private static func block(_ encoder: TrainingEncoder, _ ranks: [Int], _ rows: Int, _ arena: Arena) -> Block {
        let (width, precision) = (encoder.width, encoder.precision)
        func take(_ width: Int) -> ActivationRows {
            ActivationRows(rows: rows, width: width, precision: precision, in: arena)
        }
        func floats(_ count: Int) -> UnsafeMutablePointer<Float> { arena.take(Float.self, count: count) }
        func normalization() -> Normalization {
            Normalization(input: take(width), means: floats(rows), reciprocalDeviations: floats(rows))
        }
        return Block(
            input: take(width), queryKeyValue: take(3 * width), context: take(width),
            attentionNormalization: normalization(), middle: take(width), wide: take(encoder.wideWidth),
            outputNormalization: normalization(),
            projections: Projections(
                input: floats(rows * ranks[0]), output: floats(rows * ranks[1]), intermediate: floats(rows * ranks[2]),
                last: floats(rows * ranks[3])))
    }

    /// The bytes that a block of so many rows takes.
    static func byteCount(_ encoder: TrainingEncoder, ranks: [Int], rows: Int) -> Int {
        let widths = [1, 3, 1, 1, 1, 1].map { $0 * encoder.width } + [encoder.wideWidth]
        let values = widths.reduce(0) {
            $0 + ActivationRows.byteCount(rows: rows, width: $1, precision: encoder.precision)
        }
        let projections = ranks.reduce(0) { $0 + Arena.byteCount(of: Float.self, count: rows * $1) }
        return values + projections + 4 * Arena.byteCount(of: Float.self, count: rows)
    }
}

/// The buffers of a thread that carries a group through the blocks, one way or the other.
final class TrainingScratch: @unchecked Sendable {
    /// Rows that go through the feed-forward part together: their wide values stay in the level-2 cache.
    static let rowBlock = 96

    private let arena: Arena
    /// The hidden states, or their gradient, `[T, D]`.
    let hidden: UnsafeMutablePointer<Float>
    /// A gradient as products read it, `[T, D]`.
    let packed: ActivationRows
    /// The gradient of what attention gives, `[T, D]`.
    let context: ActivationRows
    /// `[T, 3 · D]`.
    let queryKeyValue: ActivationRows
    /// GELU of a block of rows, `[block, F]`.
    let activated: ActivationRows
    /// Gradients of a block of rows, `[block, F]`.
    let wide: UnsafeMutablePointer<Float>
    let wideGradient: ActivationRows
    /// d projection, `[T, ΣR]`.
    let projection: UnsafeMutablePointer<Float>
    /// What dropout leaves of some rows of the widest input.
    let dropped: UnsafeMutableRawPointer
    /// What a gradient through dropout is added from, `[T, in]` of the widest input.
    let droppedGradient: UnsafeMutablePointer<Float>
    /// What modules with magnitudes give, `[block, out]` of the widest.
    let stretched: UnsafeMutablePointer<Float>
    /// Two rows of the widest layer.
    let row: UnsafeMutablePointer<Float>
    let second: UnsafeMutablePointer<Float>
    /// What the kernels work in.
    let kernels: UnsafeMutableRawPointer

    init(_ encoder: TrainingEncoder, rows: Int, longest: Int, rank: Int, drops: Bool, stretches: Bool) {
        let (width, wideWidth, precision) = (encoder.width, encoder.wideWidth, encoder.precision)
        let block = min(rows, Self.rowBlock)
        let widest = max(3 * width, wideWidth)
        let stretchedCount = stretches ? block * max(width, wideWidth) : 0
        let droppedCount = drops ? max(rows * width, block * wideWidth) : 0
        let kernelBytes = [
            AttentionKernel.scratchByteCount(count: longest, width: width / encoder.heads),
            AttentionGradientKernel.scratchByteCount(count: longest, width: width / encoder.heads),
            OuterSum(isNarrow: false, rank: rank, columns: widest).scratchByteCount,
        ].max()!
        func rowBytes(_ rows: Int, _ width: Int) -> Int {
            ActivationRows.byteCount(rows: rows, width: width, precision: precision)
        }
        func floatBytes(_ count: Int) -> Int { Arena.byteCount(of: Float.self, count: count) }
        arena = Arena(
            byteCount: floatBytes(rows * width) + 2 * rowBytes(rows, width) + rowBytes(rows, 3 * width)
                + 2 * rowBytes(block, wideWidth) + floatBytes(block * wideWidth) + floatBytes(rows * rank)
                + 2 * floatBytes(droppedCount) + floatBytes(stretchedCount) + 2 * floatBytes(widest)
                + (kernelBytes + 63) / 64 * 64)
        hidden = arena.take(Float.self, count: rows * width)
        packed = ActivationRows(rows: rows, width: width, precision: precision, in: arena)
        context = ActivationRows(rows: rows, width: width, precision: precision, in: arena)
        queryKeyValue = ActivationRows(rows: rows, width: 3 * width, precision: precision, in: arena)
        activated = ActivationRows(rows: block, width: wideWidth, precision: precision, in: arena)
        wide = arena.take(Float.self, count: block * wideWidth)
        wideGradient = ActivationRows(rows: block, width: wideWidth, precision: precision, in: arena)
        projection = arena.take(Float.self, count: rows * rank)
        dropped = UnsafeMutableRawPointer(arena.take(Float.self, count: droppedCount))
        droppedGradient = arena.take(Float.self, count: droppedCount)
        stretched = arena.take(Float.self, count: stretchedCount)
        row = arena.take(Float.self, count: widest)
        second = arena.take(Float.self, count: widest)
        kernels = UnsafeMutableRawPointer(arena.take(UInt8.self, count: kernelBytes))
    }
}
