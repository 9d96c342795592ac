public import VectorMath

/// The rotation (with or without a reflection) that takes X `[N, in]` nearest to Y `[N, out]`.
///
/// With the singular value decomposition XᵀY = U Σ Vᵀ, in terms of rows y ≈ Qᵀ x with Q = U Vᵀ. Where the widths agree Q is
/// orthogonal and the least squared error among all orthogonal maps; lengths and angles of what is mapped stay as they are. Where
/// they differ, Q has orthonormal columns or rows and makes the sum of inner products Σ ⟨Qᵀ x, y⟩ largest.
///
/// Schönemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 31 (1966).
///
/// The sums and LAPACK's `dgesdd` are in double precision. Complexity: O(N · in · out + in · out · min(in, out)).
public struct OrthogonalProcrustes: Sendable {
    /// Qᵀ, `[out, in]`.
    public let weight: Matrix<Float>
    /// The singular values of XᵀY, descending: where the smallest are zero, the map is not the only one that is best.
    public let singularValues: [Double]

    /// Finds the map of pairs of rows.
    public init(from x: MatrixView<Float>, to y: MatrixView<Float>) throws(LowRankError) {
        try self.init(PairedMoments(x, y, for: "Procrustes"))
    }

    init(_ moments: PairedMoments) throws(LowRankError) {
        let svd = try LAPACK.singularValues(of: moments.xy)
        weight =
            DoubleMatrix.product(svd.vTransposed, transposingFirst: true, svd.u, transposingSecond: true).rounded
        singularValues = svd.values
    }

    /// The map.
    public var map: AffineMap { AffineMap(weight: weight) }
}
