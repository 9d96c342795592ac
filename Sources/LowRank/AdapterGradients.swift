public import VectorMath

/// The gradient of a loss with respect to every matrix of an adapter.
///
/// Backward passes add to it; whoever begins a step resets it.
public struct AdapterGradients: Sendable {
    /// The gradient of one `LowRankPair`.
    public struct Pair: Sendable {
        /// d loss / d A, `[R, in]`.
        public var a: Matrix<Float>
        /// d loss / d B, `[out, R]`.
        public var b: Matrix<Float>
        /// d loss / d m, `[out]`, with the lengths of the rows of W + ΔW held (arXiv:2402.09353, section 4.3); nil for all but DoRA.
        public var magnitude: [Float]?
    }

    /// The modules' paths, in the order of the adapter's.
    public let names: [String]
    /// A gradient for each of `names`.
    public var pairs: [Pair]
    /// d loss / d b of every bias that trains along, by tensor name.
    public var biases: [String: [Float]]

    /// The gradients of all that trains: A and B of each pair in their order, with its magnitudes as one row, then the biases in the order
    /// of their names, a row each.
    public var matrices: [Matrix<Float>] {
        pairs.flatMap { pair in [pair.a, pair.b] + (pair.magnitude.map { [Matrix(rowsOf: [$0])] } ?? []) }
            + biases.sorted { $0.key < $1.key }.map { Matrix(rowsOf: [$0.value]) }
    }

    /// Zeros in the shapes of an adapter.
    public init(zerosLike adapter: LowRankAdapter) {
        names = adapter.names
        pairs = adapter.pairs.map {
            Pair(
                a: Matrix(rows: $0.a.rows, columns: $0.a.columns), b: Matrix(rows: $0.b.rows, columns: $0.b.columns),
                magnitude: $0.magnitude.map { $0.map { _ in 0 } })
        }
        biases = adapter.biases.mapValues { $0.map { _ in 0 } }
    }

    /// Sets every value to zero.
    public mutating func reset() {
        for i in pairs.indices {
            pairs[i].a = Matrix(rows: pairs[i].a.rows, columns: pairs[i].a.columns)
            pairs[i].b = Matrix(rows: pairs[i].b.rows, columns: pairs[i].b.columns)
            pairs[i].magnitude = pairs[i].magnitude.map { $0.map { _ in 0 } }
        }
        biases = biases.mapValues { $0.map { _ in 0 } }
    }

    /// Multiplies every value by `factor`.
    public mutating func scale(by factor: Float) {
        for i in pairs.indices {
            VectorMath.scale(&pairs[i].a, by: factor)
            VectorMath.scale(&pairs[i].b, by: factor)
            pairs[i].magnitude = pairs[i].magnitude.map { $0.map { $0 * factor } }
        }
        biases = biases.mapValues { $0.map { $0 * factor } }
    }

    /// Adds `factor` times other gradients of the same adapter.
    public mutating func add(_ other: AdapterGradients, scale factor: Float = 1) {
        precondition(
            names == other.names && biases.keys == other.biases.keys,
            "gradients of different adapters cannot be added")
        for i in pairs.indices {
            VectorMath.add(other.pairs[i].a.view, to: &pairs[i].a, scale: factor)
            VectorMath.add(other.pairs[i].b.view, to: &pairs[i].b, scale: factor)
            if let more = other.pairs[i].magnitude { pairs[i].addMagnitude(more, scale: factor) }
        }
        biases.merge(other.biases) { zip($0, $1).map { $0 + factor * $1 } }
    }

    /// The sum of the squares of all values, in one fixed order; its root is the norm that clipping looks at.
    public var sumOfSquares: Double {
        matrices.reduce(0) { $0 + VectorMath.sumOfSquares($1.view) }
    }
}

extension AdapterGradients.Pair {
    /// Adds `factor` times a gradient of the magnitudes.
    ///
    /// - Precondition: The pair has magnitudes.
    public mutating func addMagnitude(_ other: [Float], scale factor: Float = 1) {
        precondition(magnitude?.count == other.count, "gradients of other magnitudes")
        magnitude = zip(magnitude!, other).map { $0 + factor * $1 }
    }
}
