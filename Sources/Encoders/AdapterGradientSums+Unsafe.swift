internal import LowRank
internal import VectorMath

/// Where the gradients of an adapter's matrices lie in one run of floats.
struct AdapterGradientLayout: Sendable {
    /// The gradients of one pair: dA `[R, in]`, dBᵀ / scaling `[R, out]` as if nothing were stretched, and with magnitudes the
    /// sums that theirs are made of, `[out]`.
    struct Place: Sendable {
        /// The position in the adapter.
        let index: Int
        let a: Int
        let b: Int
        let rank: Int
        let inputs: Int
        let outputs: Int
        let scaling: Float
        /// Where there are magnitudes, what they do, and the place of their sums.
        let stretch: (stretch: RowStretch, sums: Int)?
    }

    /// The gradient of a bias that trains along.
    struct BiasPlace: Sendable {
        let name: String
        let start: Int
        let count: Int
    }

    let places: [Place]
    let biases: [BiasPlace]
    let count: Int

    /// Pairs of a layer lie side by side, dA of all before dB of all: dA of a layer is one matrix `[ΣR, in]`.
    init(_ adapters: [TrainingAdapter], of adapter: LowRankAdapter) {
        let pairs = adapter.pairs
        var places: [Place] = []
        var used = 0
        for adapter in adapters {
            var a = used
            var b = used + adapter.entries.reduce(0) { $0 + $1.ranks.count * pairs[$1.index].inputWidth }
            var sums = b + adapter.entries.reduce(0) { $0 + $1.ranks.count * pairs[$1.index].outputWidth }
            for entry in adapter.entries {
                let pair = pairs[entry.index]
                places.append(
                    Place(
                        index: entry.index, a: a, b: b, rank: pair.rank, inputs: pair.inputWidth,
                        outputs: pair.outputWidth, scaling: pair.scaling,
                        stretch: entry.stretch.map { ($0, sums) }))
                a += pair.rank * pair.inputWidth
                b += pair.rank * pair.outputWidth
                if entry.stretch != nil { sums += pair.outputWidth }
            }
            used = sums
        }
        self.places = places
        biases = adapter.biases.sorted { $0.key < $1.key }.map { name, values in
            defer { used += values.count }
            return BiasPlace(name: name, start: used, count: values.count)
        }
        count = used
    }

    /// The places by the pairs' positions in the adapter.
    func place(of index: Int) -> Place { places.first { $0.index == index }! }
}

/// Gradients of an adapter as several threads add to them: a sum a slot.
struct AdapterGradientSums: @unchecked Sendable {
    private let layout: AdapterGradientLayout
    private let slots: Int
    private let arena: Arena
    private let base: UnsafeMutablePointer<Float>

    init(_ layout: AdapterGradientLayout, slots: Int) {
        self.layout = layout
        self.slots = slots
        arena = Arena(byteCount: Arena.byteCount(of: Float.self, count: slots * layout.count))
        base = arena.take(Float.self, count: slots * layout.count)
    }

    /// A sum of 0 to begin with.
    func begin(slot: Int) -> UnsafeMutablePointer<Float> {
        let sum = base + slot * layout.count
        sum.initialize(repeating: 0, count: layout.count)
        return sum
    }

    /// Adds the slots, in their order, to the gradients of an adapter.
    func add(to gradients: inout AdapterGradients) {
        // Taken out while they change, so that nothing is copied.
        var pairs = gradients.pairs
        gradients.pairs = []
        for place in layout.places {
            add(place.a, rows: place.rank, columns: place.inputs, to: &pairs[place.index].a)
            var transposed = Matrix<Float>(rows: place.rank, columns: place.outputs)
            add(place.b, rows: place.rank, columns: place.outputs, to: &transposed)
            guard let (stretch, sums) = place.stretch else {
                multiplyTransposed(transposed, by: place.scaling, addingTo: &pairs[place.index].b)
                continue
            }
            var stretched = Matrix<Float>(rows: place.outputs, columns: place.rank)
            multiplyTransposed(transposed, by: place.scaling, addingTo: &stretched)
            scaleRows(of: &stretched, by: stretch.gains)
            VectorMath.add(stretched.view, to: &pairs[place.index].b)
            var row = Matrix<Float>(rows: 1, columns: place.outputs)
            add(sums, rows: 1, columns: place.outputs, to: &row)
            pairs[place.index].addMagnitude(stretch.magnitudeGradient(row.row(0)))
        }
        gradients.pairs = pairs
        for place in layout.biases {
            var row = Matrix(rowsOf: [gradients.biases[place.name]!])
            add(place.start, rows: 1, columns: place.count, to: &row)
            gradients.biases[place.name] = row.row(0)
        }
    }

    private func add(_ offset: Int, rows: Int, columns: Int, to target: inout Matrix<Float>) {
        let stride = target.stride
        target.withUnsafeMutablePointer { target in
            for slot in 0..<slots {
                for row in 0..<rows {
                    RowKernels.add(
                        base + slot * layout.count + offset + row * columns, to: target + row * stride,
                        count: columns)
                }
            }
        }
    }

    /// target += factor · xᵀ.
    private func multiplyTransposed(_ x: Matrix<Float>, by factor: Float, addingTo target: inout Matrix<Float>) {
        let (rows, columns, xStride, stride) = (x.rows, x.columns, x.stride, target.stride)
        x.withUnsafePointer { x in
            target.withUnsafeMutablePointer { target in
                RowKernels.addTransposed(
                    x, stride: xStride, rows: rows, columns: columns, factor: factor, to: target, targetStride: stride)
            }
        }
    }
}
