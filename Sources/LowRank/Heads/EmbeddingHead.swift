public import VectorMath

/// A small map behind a frozen encoder: embeddings in, embeddings of length 1 out.
///
/// | kind | before normalisation | matrices |
/// | --- | --- | --- |
/// | linear | y = W x + b | W `[out, in]`, b `[1, out]` |
/// | low-rank | y = x + U V x + b | V `[R, D]`, U `[D, R]`, b `[1, D]` |
/// | two-layer | y = x + W₂ gelu(W₁ x + b₁) + b₂ | W₁ `[F, D]`, b₁ `[1, F]`, W₂ `[D, F]`, b₂ `[1, D]` |
///
/// A head is data, as an adapter is: encoders take it as an argument, optimisers change `matrices` in place.
public struct EmbeddingHead: Sendable, Equatable {
    /// The form of the map.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// One matrix.
        case linear
        /// The embedding and a change of few directions.
        case lowRank = "low-rank"
        /// The embedding and what a hidden layer adds.
        case twoLayer = "two-layer"

        /// What the matrices are called in files, in their order.
        var tensorNames: [String] {
            switch self {
            case .linear: ["weight", "bias"]
            case .lowRank: ["down", "up", "bias"]
            case .twoLayer: ["first.weight", "first.bias", "second.weight", "second.bias"]
            }
        }
    }

    /// The form of the map.
    public let kind: Kind
    /// Columns of what is mapped.
    public let inputWidth: Int
    /// Columns of what comes out.
    public let outputWidth: Int
    /// The values of the map, see the table above. Values may change, shapes may not.
    public var matrices: [Matrix<Float>]

    /// A head of given matrices, or why they make none.
    init(_ kind: Kind, matrices: [Matrix<Float>]) throws(LowRankError) {
        func refuse(_ reason: String) -> LowRankError { .unfitData(what: "a \(kind.rawValue) head", reason: reason) }
        guard matrices.count == kind.tensorNames.count else { throw refuse("\(matrices.count) matrices") }
        (inputWidth, outputWidth) = (matrices[0].columns, matrices[matrices.count - 1].columns)
        let (d, inner) = (inputWidth, matrices[0].rows)
        let shapes =
            switch kind {
            case .linear: [[outputWidth, d], [1, outputWidth]]
            case .lowRank: [[inner, d], [d, inner], [1, d]]
            case .twoLayer: [[inner, d], [1, inner], [d, inner], [1, d]]
            }
        for (index, shape) in shapes.enumerated() {
            let found = [matrices[index].rows, matrices[index].columns]
            guard found == shape, !shape.contains(0) else {
                throw refuse("its \(kind.tensorNames[index]) is \(found), \(shape) expected")
            }
        }
        self.kind = kind
        self.matrices = matrices
    }

    /// A linear head.
    public init(_ map: AffineMap) {
        kind = .linear
        (inputWidth, outputWidth) = (map.weight.columns, map.weight.rows)
        matrices = [map.weight, Matrix(rows: 1, columns: map.bias.count, elements: map.bias)]
    }

    /// A head that changes nothing yet.
    ///
    /// Directions that are looked at first (V, W₁) are drawn with variance 1, so that of a unit vector each gives a number of about 1
    /// and learns at the pace of the others; what they are added by (U, W₂) is zero. A seed gives the same head on every machine.
    ///
    /// - Parameters:
    ///   - width: D.
    ///   - inner: R or F; of no meaning for a linear head.
    public init(identity kind: Kind, width: Int, inner: Int, seed: UInt64) {
        precondition(width > 0 && (kind == .linear || inner > 0), "a head of width \(width) and \(inner) inside")
        self.kind = kind
        (inputWidth, outputWidth) = (width, width)
        func zeros(_ rows: Int, _ columns: Int) -> Matrix<Float> { Matrix(rows: rows, columns: columns) }
        func drawn() -> Matrix<Float> {
            var random = RandomGenerator(seed: seed)
            let bound = Float(3).squareRoot()
            return Matrix(
                rows: inner, columns: width,
                elements: (0..<inner * width).map { _ in (2 * random.uniform() - 1) * bound })
        }
        matrices =
            switch kind {
            case .linear: [AffineMap.identity(width).weight, zeros(1, width)]
            case .lowRank: [drawn(), zeros(width, inner), zeros(1, width)]
            case .twoLayer: [drawn(), zeros(1, inner), zeros(width, inner), zeros(1, width)]
            }
    }

    /// R or F; nil for a linear head.
    public var innerWidth: Int? { kind == .linear ? nil : matrices[0].rows }

    /// The number of values.
    public var parameterCount: Int { matrices.reduce(0) { $0 + $1.rows * $1.columns } }

    /// The head of every row, of length 1: `[N, in]` to `[N, out]`. A row that is mapped to zero stays zero.
    public func callAsFunction(_ x: MatrixView<Float>) -> Matrix<Float> {
        var y = forward(x).output
        _ = normalizeRows(&y)
        return y
    }

    /// The map without normalisation as one matrix and a bias: of linear heads, and of low-rank ones with I + U V multiplied
    /// out; nil for two layers.
    public var map: AffineMap? {
        switch kind {
        case .linear: return AffineMap(weight: matrices[0], bias: matrices[1].row(0))
        case .lowRank:
            var weight = AffineMap.identity(inputWidth).weight
            multiply(matrices[1].view, matrices[0].view, into: &weight, beta: 1)
            return AffineMap(weight: weight, bias: matrices[2].row(0))
        case .twoLayer: return nil
        }
    }
}
