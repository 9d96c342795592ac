internal import VectorMath

/// Rows of vectors as an index stores them, in memory or in a mapped file.
///
/// What it points at does not change, and its owner lives as long as the rows.
struct StoredVectors: @unchecked Sendable {
    let storage: VectorStorage
    /// D.
    let dimension: Int
    let count: Int
    /// Bytes from one row to the next.
    let rowSize: Int
    private let base: UnsafeRawPointer
    private let owner: AnyObject

    /// - Parameter base: Numbers in the byte order of the file, which is that of every processor we run on.
    init(storage: VectorStorage, dimension: Int, count: Int, base: UnsafeRawPointer, owner: AnyObject) {
        self.storage = storage
        self.dimension = dimension
        self.count = count
        rowSize = storage.rowSize(dimension: dimension)
        self.base = base
        self.owner = owner
    }

    /// Rows of float32, as they are.
    init(_ vectors: Matrix<Float>) {
        let kept = Kept(vectors.view)
        self.init(
            storage: .float32, dimension: vectors.columns, count: vectors.rows,
            base: vectors.view.withUnsafePointer { UnsafeRawPointer($0) }, owner: kept)
        precondition(rowSize == 4 * vectors.stride, "rows \(4 * vectors.stride) bytes apart instead of \(rowSize)")
    }

    /// Rows in memory of their own, filled on all cores.
    ///
    /// - Parameter fill: Writes a row's bytes; called from several threads.
    init(
        storage: VectorStorage, dimension: Int, count: Int,
        fill: (_ row: Int, _ bytes: UnsafeMutableRawPointer) -> Void
    ) {
        let rowSize = storage.rowSize(dimension: dimension)
        var bytes = Matrix<UInt8>(uninitializedRows: 1, columns: count * rowSize)
        bytes.withUnsafeMutablePointer { base in
            nonisolated(unsafe) let base = base
            parallelFor(count, grain: Self.grain) { rows in
                for row in rows { fill(row, UnsafeMutableRawPointer(base + row * rowSize)) }
            }
        }
        let kept = Kept(bytes.view)
        self.init(
            storage: storage, dimension: dimension, count: count,
            base: kept.view.withUnsafePointer { UnsafeRawPointer($0) }, owner: kept)
    }

    /// Copies of rows of the same storage, byte for byte.
    ///
    /// - Parameter source: Where a row begins.
    init(copying count: Int, dimension: Int, storage: VectorStorage, source: (Int) -> UnsafeRawPointer) {
        let size = storage.rowSize(dimension: dimension)
        self.init(storage: storage, dimension: dimension, count: count) { row, bytes in
            bytes.copyMemory(from: source(row), byteCount: size)
        }
    }

    /// Rows that one thread fills at a time.
    private static let grain = 256

    private final class Kept<Element: MatrixElement>: Sendable {
        let view: MatrixView<Element>

        init(_ view: MatrixView<Element>) { self.view = view }
    }

    // MARK: Rows

    /// The bytes of a row that say something.
    func bytes(_ row: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: address(row), count: storage.contentSize(dimension: dimension))
    }

    /// Where a row begins.
    func address(_ row: Int) -> UnsafeRawPointer { base + row * rowSize }

    /// The numbers of a row: where they stand or, where they have to be made, in `scratch` `[D]`.
    func numbers(_ row: Int, scratch: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
        let address = address(row)
        switch storage {
        case .float32: return address.assumingMemoryBound(to: Float.self)
        case .bfloat16:
            Convert.floats(from: address.assumingMemoryBound(to: BFloat16.self), into: scratch, count: dimension)
        case .int8:
            ByteRow.read(address.assumingMemoryBound(to: UInt8.self), dimension: dimension, into: scratch)
        }
        return UnsafePointer(scratch)
    }

    /// A copy of a row's numbers.
    func vector(_ row: Int) -> [Float] {
        precondition(row >= 0 && row < count, "row \(row) of \(count)")
        return [Float](unsafeUninitializedCapacity: dimension) { buffer, initialized in
            guard let out = buffer.baseAddress else { return }
            let numbers = numbers(row, scratch: out)
            if numbers != UnsafePointer(out) { out.update(from: numbers, count: dimension) }
            initialized = dimension
        }
    }

    // MARK: Scores

    /// The key of a row: its score with the sign that makes the larger the nearer.
    func key(_ metric: Metric, _ query: UnsafePointer<Float>, row: Int) -> Float {
        let address = address(row)
        switch (storage, metric.largerIsNearer) {
        case (.float32, true):
            return Distance.dot(query, address.assumingMemoryBound(to: Float.self), count: dimension)
        case (.float32, false):
            return -Distance.squaredL2(query, address.assumingMemoryBound(to: Float.self), count: dimension)
        case (.bfloat16, true):
            return Distance.dot(query, address.assumingMemoryBound(to: BFloat16.self), count: dimension)
        case (.bfloat16, false):
            return -Distance.squaredL2(query, address.assumingMemoryBound(to: BFloat16.self), count: dimension)
        case (.int8, true):
            return Distance.dot(query, byteRow: address.assumingMemoryBound(to: UInt8.self), dimension: dimension)
        case (.int8, false):
            return -Distance.squaredL2(
                query, byteRow: address.assumingMemoryBound(to: UInt8.self), dimension: dimension)
        }
    }

    /// The keys of consecutive rows, with the bits that each has alone.
    func keys(
        _ metric: Metric, _ query: UnsafePointer<Float>, rows: Range<Int>, into keys: UnsafeMutablePointer<Float>
    ) {
        switch (storage, metric.largerIsNearer) {
        case (.float32, true): Distance.dots(query, rows: view(Float.self, rows), into: keys)
        case (.float32, false): Distance.squaredL2s(query, rows: view(Float.self, rows), into: keys)
        case (.bfloat16, true): Distance.dots(query, rows: view(BFloat16.self, rows), into: keys)
        case (.bfloat16, false): Distance.squaredL2s(query, rows: view(BFloat16.self, rows), into: keys)
        case (.int8, true):
            Distance.dots(query, byteRows: view(UInt8.self, rows), dimension: dimension, into: keys)
        case (.int8, false):
            Distance.squaredL2s(query, byteRows: view(UInt8.self, rows), dimension: dimension, into: keys)
        }
        if !metric.largerIsNearer { RowKernels.scale(keys, count: rows.count, by: -1) }
    }

    /// Consecutive rows as what they are made of.
    private func view<Element: MatrixElement>(_ type: Element.Type, _ rows: Range<Int>) -> MatrixView<Element> {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count, "rows \(rows) of \(count)")
        let stride = rowSize / MemoryLayout<Element>.stride
        return MatrixView(
            unsafeBase: address(rows.lowerBound).assumingMemoryBound(to: type), rows: rows.count,
            columns: storage == .int8 ? stride : dimension, stride: stride, owner: owner)
    }
}

extension StoredVectors {
    /// Vectors as an index stores them: prepared for its metric, and rounded to what it keeps.
    ///
    /// - Throws: what `VectorCheck.prepared` throws; `notFinite` too where a vector is rounded to one that is too long.
    init(
        _ rows: MatrixView<Float>, storage: VectorStorage, metric: Metric, dimension: Int
    ) throws(VectorIndexError) {
        let prepared = try VectorCheck.prepared(rows, metric: metric, dimension: dimension)
        guard storage != .float32 else {
            self.init(prepared)
            return
        }
        let view = prepared.view
        self.init(storage: storage, dimension: dimension, count: rows.rows) { row, bytes in
            view.withUnsafePointer { base in
                let vector = base + row * view.stride
                switch storage {
                case .float32: break
                case .bfloat16:
                    Convert.bfloat16s(
                        from: vector, into: bytes.assumingMemoryBound(to: BFloat16.self), count: dimension)
                case .int8:
                    ByteRow.write(
                        vector, dimension: dimension, toLength1: metric == .cosine,
                        into: bytes.assumingMemoryBound(to: UInt8.self))
                }
            }
        }
        guard metric != .cosine else { return }
        let squares = squaresOfLengths()
        if let row = squares.firstIndex(where: { !($0 <= VectorCheck.limit) }) { throw .notFinite(row: row) }
    }

    /// The square of each vector's length.
    func squaresOfLengths() -> [Double] {
        parallelMap(count, grain: Self.grain) { row in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: dimension) { scratch in
                guard let out = scratch.baseAddress else { return 0 }
                return RowKernels.sumOfSquares(numbers(row, scratch: out), count: dimension)
            }
        }
    }
}
