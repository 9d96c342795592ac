public import VectorMath

extension SingularValueDecomposition {
    /// Decomposes factor · B · A of B `[m, R]` and A `[R, n]` without forming the product: min(m, n, R) singular values.
    ///
    /// Bᵀ = L₁Q₁ and A = L₂Q₂ by Householder's reflections, then the decomposition of factor · L₁ᵀL₂. Complexity: O((m + n) · R² + R³).
    public init(
        productOf b: MatrixView<Float>, _ a: MatrixView<Float>, factor: Float = 1
    ) throws(LowRankError) {
        precondition(b.columns == a.rows, "a product of [\(b.rows), \(b.columns)] and [\(a.rows), \(a.columns)]")
        let left = try LAPACK.triangularOrthogonal(of: transposed(b).view)
        let right = try LAPACK.triangularOrthogonal(of: a)
        let core = try SingularValueDecomposition(
            product(left.l.view, transposingFirst: true, right.l.view, factor: factor).view)
        values = core.values
        u = product(left.q.view, transposingFirst: true, core.u.view)
        vTransposed = product(core.vTransposed.view, right.q.view)
    }

    /// The leading `rank` singular values and vectors of a matrix `[m, n]`, exactly: at most `rank` values.
    ///
    /// Eigenvectors of the smaller of MMᵀ and MᵀM, formed in double precision; the whole decomposition where that would not save time, and
    /// where the last value is so small beside the first that its square would be lost. Complexity: O(m · n · min(m, n)), in one product
    /// and not in the many passes of the whole decomposition.
    public init(leading rank: Int, of matrix: MatrixView<Float>) throws(LowRankError) {
        let limit = min(matrix.rows, matrix.columns)
        precondition(rank >= 1, "the \(rank) leading singular values")
        // With a quarter of the vectors or more, finding them costs as much as the whole.
        if rank <= limit / 4, let leading = try LAPACK.leadingSingularValues(of: matrix, count: rank) {
            (u, values, vTransposed) = leading
            return
        }
        let whole = try SingularValueDecomposition(matrix)
        let kept = min(rank, whole.values.count)
        values = Array(whole.values.prefix(kept))
        u = Matrix(copying: whole.u.view.columns(0..<kept))
        vTransposed = Matrix(copying: whole.vTransposed[rows: 0..<kept])
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
        // Directions are rows throughout, which LAPACK takes as they are.
        let directions = Matrix<Float>(
            rows: rank, columns: matrix.columns, elements: (0..<matrix.columns * rank).map { _ in random.normal() })
        var range = try LAPACK.triangularOrthogonal(
            of: product(directions.view, matrix, transposingSecond: true).view
        ).q
        for _ in 0..<iterations {
            let back = try LAPACK.triangularOrthogonal(of: product(range.view, matrix).view).q
            range = try LAPACK.triangularOrthogonal(of: product(back.view, matrix, transposingSecond: true).view).q
        }
        let rest = try LAPACK.triangularOrthogonal(of: product(range.view, matrix).view)
        let core = try SingularValueDecomposition(rest.l.view)
        values = core.values
        u = product(range.view, transposingFirst: true, core.u.view)
        vTransposed = product(core.vTransposed.view, rest.q.view)
    }
}
