internal import VectorMath

/// What an index of partitions consists of at one moment: a value whose copies share what neither has changed.
struct PartitionState: Sendable {
    let metric: Metric
    let dimension: Int
    let settings: PartitionSettings
    let layout: PartitionLayout
    let scratches: PartitionScratchPool

    /// Fixed by the first vectors; nil before there are any.
    var space: GraphSpace?
    var centres: PartitionCentres
    private(set) var bodies: [PartitionBody] = []
    private var pointers = PartitionPointers([])
    /// Which partition an id is in.
    var table = VertexTable()
    /// How many vectors there were when the clusters were made.
    var clusteredCount = 0
    var calibration: RecallCalibration?
    /// Where bodies are those of a file that was not read yet: check them before they are read.
    var file: PartitionFile?

    init(metric: Metric, dimension: Int, settings: PartitionSettings) {
        self.metric = metric
        self.dimension = dimension
        self.settings = settings
        layout = PartitionLayout(dimension: dimension, metric: metric, settings: settings)
        scratches = PartitionScratchPool(width: layout.codes.width)
        centres = PartitionCentres(Matrix<Float>(rows: 0, columns: layout.codes.width).view)
    }

    /// How many vectors there are.
    var count: Int { table.count }

    mutating func setBodies(_ bodies: [PartitionBody]) {
        self.bodies = bodies
        pointers = PartitionPointers(bodies)
    }

    /// Lends the partitions to C; they are valid during the call.
    func withRows<R>(_ body: (PartitionRows) -> R) -> R {
        withExtendedLifetime(pointers) {
            centres.halves.withUnsafePointer { halves in
                centres.lengths.withUnsafeBufferPointer { lengths in
                    centres.roots.withUnsafePointer { roots in
                        guard let lengths = lengths.baseAddress else {
                            preconditionFailure("a search of no partitions")
                        }
                        return body(
                            PartitionRows(
                                layout: layout.codes, count: bodies.count, bodies: pointers.bases,
                                sizes: pointers.sizes, centres: halves, lengths: lengths, roots: roots))
                    }
                }
            }
        }
    }

    /// Brings a vector `[D]`, prepared, into the space, `[width]`; returns what is added to its distances.
    func place(_ vector: UnsafePointer<Float>, into placed: UnsafeMutablePointer<Float>) -> Float {
        guard let space else { preconditionFailure("a vector without a space") }
        let addend = space.place(vector, into: placed)
        return metric == .cosine ? cosineAddend(of: vector) : addend
    }

    /// Under `cosine` all vectors but zero have length 1; zero is as far from every query as what stands at a right angle.
    private func cosineAddend(of vector: UnsafePointer<Float>) -> Float {
        let scale = space?.scale ?? 1
        return CodeKernels.norms(vector, count: dimension).squares < 0.5 ? scale * scale : 0
    }

    /// The vector of a slot in the space, as near as it is kept; returns what is added to its distances.
    func placed(
        _ slot: Int, of partition: Int, into placed: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) -> Float {
        let body = bodies[partition]
        switch settings.vectors {
        case .float32:
            return place(body.vector(slot).assumingMemoryBound(to: Float.self), into: placed)
        case .float16:
            PartitionKernels.widen(
                body.vector(slot), count: layout.codes.width, into: placed)
        case .none:
            let factor = layout.codes.decode(slot, of: body.base, count: body.count, into: placed)
            centres.widen(partition, into: scratch)
            PartitionKernels.restore(placed, factor: factor, centre: scratch, count: layout.codes.width)
        }
        guard metric != .squaredL2, let space else { return 0 }
        scratch.update(from: placed, count: layout.codes.width)
        let vector = space.restore(scratch)
        if metric == .cosine {
            return vector.withUnsafeBufferPointer { cosineAddend(of: $0.baseAddress ?? UnsafePointer(scratch)) }
        }
        let square = vector.reduce(0) { $0 + Double($1) * Double($1) }
        return Float(min(0, space.largestSquare - square)) * space.scale * space.scale
    }

    /// The vector of a slot as it is kept, `[D]`.
    func vector(_ slot: Int, of partition: Int) -> [Float] {
        let body = bodies[partition]
        if settings.vectors == .float32 {
            let kept = UnsafePointer(body.vector(slot).assumingMemoryBound(to: Float.self))
            return Array(UnsafeBufferPointer(start: kept, count: dimension))
        }
        guard let space else { preconditionFailure("a vector without a space") }
        return scratches.use(partitions: 1, limit: 1) { scratch in
            _ = placed(slot, of: partition, into: scratch.vector, scratch: scratch.numbers)
            return space.restore(scratch.vector)
        }
    }
}

/// Where bodies are and how large, for C.
private final class PartitionPointers: @unchecked Sendable {
    let bases: UnsafeMutablePointer<UnsafePointer<UInt8>?>
    let sizes: UnsafeMutablePointer<UInt32>

    init(_ bodies: [PartitionBody]) {
        bases = .allocate(capacity: max(1, bodies.count))
        sizes = .allocate(capacity: max(1, bodies.count))
        for (place, body) in bodies.enumerated() {
            (bases + place).initialize(to: UnsafePointer(body.base))
            (sizes + place).initialize(to: UInt32(body.count))
        }
    }

    deinit {
        bases.deallocate()
        sizes.deallocate()
    }
}
