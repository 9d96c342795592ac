public import VectorMath

/// The affine map from X `[N, in]` to Y `[N, out]` of the least squared error plus a penalty.
///
/// In terms of rows, with W of `[in, out]`:
///
///     W = (XᵀX + λ I)⁻¹ (XᵀY + λ W₀),   b = ȳ − Wᵀ x̄
///
/// where X and Y are centred first if there is an intercept, and W₀ is what the penalty λ‖W − W₀‖² draws towards: zero, as in
/// Hoerl and Kennard, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics 12 (1970), or the identity,
/// for maps that shall change little. Sums and the solution (LAPACK's `dpotrf`, `dpotrs`) are in double precision.
///
/// Complexity: O(N · in · (in + out) + in³).
public struct RidgeRegression: Sendable {
    /// What the penalty draws the weight towards.
    public enum Prior: Sendable {
        /// Small weights.
        case zero
        /// A map that changes nothing. Widths must agree.
        case identity
    }

    /// The penalties that `choosing` tries, in units of the mean eigenvalue of XᵀX.
    public static let grid: [Double] = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000]

    /// The map.
    public let map: AffineMap
    /// λ.
    public let penalty: Double
    /// The mean squared error on the held-out rows, where the penalty was chosen by it.
    public internal(set) var heldOutError: Double?

    /// The map of a penalty.
    ///
    /// - Parameter penalty: λ, 0 or more.
    /// - Throws: `decompositionFailed` where λ is 0 and the columns of X are not independent, `unfitData`, `notFinite`.
    public init(
        from x: MatrixView<Float>, to y: MatrixView<Float>, penalty: Double, towards prior: Prior = .zero,
        intercept: Bool = true
    ) throws(LowRankError) {
        try self.init(
            PairedMoments(x, y, for: "ridge regression"), penalty: penalty, towards: prior, intercept: intercept)
    }

    /// The map whose penalty does best on held-out rows: by their mean squared error, or by a score of the caller's.
    ///
    /// - Parameters:
    ///   - grid: penalties in units of the mean eigenvalue of XᵀX; at least one.
    ///   - score: what of two maps is the better one: more is better. Nil for the negative error on the held-out rows.
    public static func choosing(
        from x: MatrixView<Float>, to y: MatrixView<Float>, heldOut: (x: MatrixView<Float>, y: MatrixView<Float>),
        grid: [Double] = grid, towards prior: Prior = .zero, intercept: Bool = true,
        score: ((AffineMap) -> Double)? = nil
    ) throws(LowRankError) -> RidgeRegression {
        precondition(!grid.isEmpty, "a choice among no penalties")
        guard heldOut.x.rows > 0, heldOut.x.rows == heldOut.y.rows, heldOut.x.columns == x.columns,
            heldOut.y.columns == y.columns
        else {
            throw .unfitData(what: "ridge regression", reason: "the held-out rows are not such rows")
        }
        let moments = try PairedMoments(x, y, for: "ridge regression")
        let unit = (intercept ? moments.centred : moments).meanEigenvalue
        var best: (score: Double, regression: RidgeRegression)?
        for part in grid {
            // Data without spread has no unit of its own.
            var regression = try RidgeRegression(
                moments, penalty: part * (unit > 0 ? unit : 1), towards: prior, intercept: intercept)
            let error = regression.map.meanSquaredError(from: heldOut.x, to: heldOut.y)
            regression.heldOutError = error
            let score = score?(regression.map) ?? -error
            if best.map({ score > $0.score }) ?? true { best = (score, regression) }
        }
        return best!.regression
    }

    init(
        _ moments: PairedMoments, penalty: Double, towards prior: Prior, intercept: Bool
    ) throws(LowRankError) {
        let weight = try Self.weight(moments, penalty: penalty, towards: prior, intercept: intercept)
        map = AffineMap(transposed: weight, bias: Self.bias(of: weight, moments, intercept: intercept))
        self.penalty = penalty
        heldOutError = nil
    }

    /// W, `[in, out]`.
    static func weight(
        _ moments: PairedMoments, penalty: Double, towards prior: Prior, intercept: Bool
    ) throws(LowRankError) -> DoubleMatrix {
        guard penalty >= 0, penalty.isFinite else {
            throw .unfitData(what: "ridge regression", reason: "a penalty of \(penalty)")
        }
        let moments = intercept ? moments.centred : moments
        var (left, right) = (moments.xx, moments.xy)
        for i in 0..<left.rows { left[i, i] += penalty }
        if case .identity = prior {
            guard right.rows == right.columns else {
                throw .unfitData(
                    what: "ridge regression",
                    reason: "a map from \(right.rows) to \(right.columns) columns cannot be near the identity")
            }
            for i in 0..<right.rows { right[i, i] += penalty }
        }
        return try LAPACK.solve(positiveDefinite: left, right)
    }

    /// b = ȳ − Wᵀ x̄, or zero.
    static func bias(of weight: DoubleMatrix, _ moments: PairedMoments, intercept: Bool) -> [Double] {
        var bias = DoubleMatrix(row: intercept ? moments.means.y : moments.sumY.map { _ in 0 })
        if intercept { bias.addProduct(DoubleMatrix(row: moments.means.x), weight, alpha: -1) }
        return bias.values
    }
}
