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
    }

    /// The modules' paths, in the order of the adapter's.
    public let names: [String]
    /// A gradient for each of `names`.
    public var pairs: [Pair]

    /// Zeros in the shapes of an adapter.
    public init(zerosLike adapter: LowRankAdapter) {
        names = adapter.names
        pairs = adapter.pairs.map {
            Pair(
                a: Matrix(rows: $0.a.rows, columns: $0.a.columns), b: Matrix(rows: $0.b.rows, columns: $0.b.columns))
        }
    }

    /// Sets every value to zero.
    public mutating func reset() {
        for i in pairs.indices {
            pairs[i].a = Matrix(rows: pairs[i].a.rows, columns: pairs[i].a.columns)
            pairs[i].b = Matrix(rows: pairs[i].b.rows, columns: pairs[i].b.columns)
        }
    }

    /// Multiplies every value by `factor`.
    public mutating func scale(by factor: Float) {
        for i in pairs.indices {
            VectorMath.scale(&pairs[i].a, by: factor)
            VectorMath.scale(&pairs[i].b, by: factor)
        }
    }

    /// Adds `factor` times other gradients of the same adapter.
    public mutating func add(_ other: AdapterGradients, scale factor: Float = 1) {
        precondition(names == other.names, "gradients of different adapters cannot be added")
        for i in pairs.indices {
            VectorMath.add(other.pairs[i].a.view, to: &pairs[i].a, scale: factor)
            VectorMath.add(other.pairs[i].b.view, to: &pairs[i].b, scale: factor)
        }
    }

    /// The sum of the squares of all values, in one fixed order; its root is the norm that clipping looks at.
    public var sumOfSquares: Double {
        pairs.reduce(0) { $0 + VectorMath.sumOfSquares($1.a.view) + VectorMath.sumOfSquares($1.b.view) }
    }
}
