public import VectorMath

/// The affine map from X `[N, in]` to Y `[N, out]` of the least squared error plus λ‖W‖² among those whose weight has at most a given rank.
///
/// With Ŵ the weight of ridge regression, `[in, out]`, and P the leading eigenvectors of Ŵᵀ (XᵀX + λ I) Ŵ:
///
///     W = Ŵ P Pᵀ,   so   y = P (Ŵ P)ᵀ x + b
///
/// Izenman, "Reduced-rank regression for the multivariate linear model", Journal of Multivariate Analysis 5 (1975); with a penalty:
/// Mukherjee and Zhu, "Reduced rank ridge regression and its kernel extensions", Statistical Analysis and Data Mining 4 (2011).
///
/// A *base* map makes it low-rank around that: what is fitted is Y minus the base's map of X.
///
/// Complexity: O(N · in · (in + out) + in³ + out³).
public struct ReducedRankRegression: Sendable {
    /// P, `[out, R]`: orthonormal columns.
    public let up: Matrix<Float>
    /// (Ŵ P)ᵀ, `[R, in]`.
    public let down: Matrix<Float>
    /// b, `[out]`.
    public let bias: [Float]
    /// λ.
    public let penalty: Double
    /// What the low-rank map is added to; nil for nothing.
    public let base: Matrix<Float>?

    /// R.
    public var rank: Int { up.columns }

    /// The map of a rank and a penalty.
    ///
    /// - Parameters:
    ///   - rank: from 1 to the smaller width.
    ///   - penalty: λ, 0 or more.
    ///   - base: a linear map `[out, in]` that the result is added to; nil for none.
    public init(
        from x: MatrixView<Float>, to y: MatrixView<Float>, rank: Int, penalty: Double,
        around base: Matrix<Float>? = nil,
        intercept: Bool = true
    ) throws(LowRankError) {
        let moments = try PairedMoments(x, y, for: "reduced-rank regression")
        let maps = try Self.maps(moments, ranks: [rank], penalty: penalty, around: base, intercept: intercept)
        self = maps[0]
    }

    /// The maps of several ranks, for the price of one.
    static func maps(
        _ moments: PairedMoments, ranks: [Int], penalty: Double, around base: Matrix<Float>?, intercept: Bool
    ) throws(LowRankError) -> [ReducedRankRegression] {
        let limit = min(moments.xy.rows, moments.xy.columns)
        for rank in ranks where !(1...limit).contains(rank) {
            throw .invalidRank(module: "the low-rank map", rank: rank, limit: limit)
        }
        var fitted = moments
        if let base {
            guard base.rows == moments.xy.columns, base.columns == moments.xy.rows else {
                throw .unfitShape(routine: "reduced-rank regression", rows: base.rows, columns: base.columns)
            }
            fitted = moments.residual(of: DoubleMatrix(base.view))
        }
        let weight = try RidgeRegression.weight(fitted, penalty: penalty, towards: .zero, intercept: intercept)
        // (XᵀX + λ I) Ŵ is XᵀY.
        let explained = DoubleMatrix.product(
            weight, transposingFirst: true, (intercept ? fitted.centred : fitted).xy)
        let eigen = try LAPACK.symmetricEigen(of: explained)
        return ranks.map { rank in
            var up = DoubleMatrix(rows: explained.rows, columns: rank)
            for row in 0..<explained.rows {
                for k in 0..<rank { up[row, k] = eigen.vectors[row, explained.rows - 1 - k] }
            }
            let down = DoubleMatrix.product(up, transposingFirst: true, weight, transposingSecond: true)
            let low = DoubleMatrix.product(down, transposingFirst: true, up, transposingSecond: true)
            return ReducedRankRegression(
                up: up.rounded, down: down.rounded,
                bias: RidgeRegression.bias(of: low, fitted, intercept: intercept).map { Float($0) }, penalty: penalty,
                base: base)
        }
    }

    private init(
        up: Matrix<Float>, down: Matrix<Float>, bias: [Float], penalty: Double, base: Matrix<Float>?
    ) {
        (self.up, self.down, self.bias, self.penalty, self.base) = (up, down, bias, penalty, base)
    }

    /// The map with its weight multiplied out.
    public var map: AffineMap {
        var weight = base ?? Matrix<Float>(rows: up.rows, columns: down.columns)
        multiply(up.view, down.view, into: &weight, beta: 1)
        return AffineMap(weight: weight, bias: bias)
    }
}
