public import VectorMath

extension SingularValueDecomposition {
    /// Decomposes factor · B · A of B `[m, R]` and A `[R, n]` without forming the product: min(m, n, R) singular values.
    ///
    /// B = Q₁R₁ and Aᵀ = Q₂R₂ by QR, then the decomposition of factor · R₁R₂ᵀ. Complexity: O((m + n) · R² + R³).
    public init(
        productOf b: MatrixView<Float>, _ a: MatrixView<Float>, factor: Float = 1
    ) throws(LowRankError) {
        precondition(b.columns == a.rows, "a product of [\(b.rows), \(b.columns)] and [\(a.rows), \(a.columns)]")
        let left = try QRDecomposition(b)
        let right = try QRDecomposition(transposed(a).view)
        let core = try SingularValueDecomposition(
            product(left.r.view, right.r.view, transposingSecond: true, factor: factor).view)
        values = core.values
        u = product(left.q.view, core.u.view)
        vTransposed = product(core.vTransposed.view, right.q.view, transposingSecond: true)
    }

    /// The leading vectors of a matrix `[m, n]`, found by multiplying it with random ones: `rank` singular values, which are near the
    /// exact ones where those after them are small or `iterations` many.
    ///
    /// Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 53 (2011), algorithms 4.4 and 5.1; what
    /// `torch.svd_lowrank` computes with `q` the rank and no vectors to spare, with this package's own random numbers. Complexity:
    /// O(m · n · rank · iterations).
    public init(
        randomized matrix: MatrixView<Float>, rank: Int, iterations: Int, seed: UInt64
    ) throws(LowRankError) {
        let limit = min(matrix.rows, matrix.columns)
        precondition((1...max(1, limit)).contains(rank) && iterations >= 0, "rank \(rank) of at most \(limit)")
        guard sumOfSquares(matrix).isFinite else { throw .notFinite(routine: "randomized SVD") }
        var random = RandomGenerator(seed: seed)
        let directions = Matrix<Float>(
            rows: matrix.columns, columns: rank, elements: (0..<matrix.columns * rank).map { _ in random.normal() })
        var range = try QRDecomposition(product(matrix, directions.view).view).q
        for _ in 0..<iterations {
            let back = try QRDecomposition(product(matrix, transposingFirst: true, range.view).view).q
            range = try QRDecomposition(product(matrix, back.view).view).q
        }
        let core = try SingularValueDecomposition(product(range.view, transposingFirst: true, matrix).view)
        values = core.values
        u = product(range.view, core.u.view)
        vTransposed = core.vTransposed
    }
}
