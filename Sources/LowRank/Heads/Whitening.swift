public import VectorMath

/// A map after which the coordinates of X `[N, D]` have mean 0, variance 1 and no correlation.
///
/// With the covariance Σ = V Λ Vᵀ: by principal components y = Λ^(−1/2) Vᵀ (x − x̄), or, nearest to what x was (ZCA),
/// y = V Λ^(−1/2) Vᵀ (x − x̄). Kessy, Lewin and Strimmer, "Optimal whitening and decorrelation", arXiv:1512.00809; on
/// embeddings Su et al., "Whitening sentence representations for better semantics and faster retrieval", arXiv:2103.15316.
///
/// Few rows know little of the small directions, which whitening makes large. Shrinkage takes a part s of the mean variance to
/// all: Σ' = (1 − s) Σ + s · tr(Σ) / D · I (Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance
/// matrices", 2004).
///
/// Complexity: O(N · D² + D³), in double precision (LAPACK's `dsyevd`).
public struct Whitening: Sendable {
    /// Which of all rotations of a whitened space is taken.
    public enum Form: String, Sendable, CaseIterable {
        /// Principal components, the largest first. The sign of each is such that its largest entry is positive.
        case pca
        /// The rotation that stays nearest to the coordinates as they were.
        case zca
    }

    /// The map.
    public let map: AffineMap
    /// The variances along the principal components, descending, after shrinkage.
    public let variances: [Double]

    /// The eigenvalues, as a part of the largest, below which a covariance counts as singular.
    private static let singularity = 1e-12

    /// Finds the map of rows.
    ///
    /// - Parameters:
    ///   - shrinkage: s, from 0 to 1.
    ///   - dimensions: how many principal components are kept, for ``Form/pca``; nil for all.
    /// - Throws: `unfitData` where the covariance is singular and nothing shrinks it.
    public init(
        of x: MatrixView<Float>, _ form: Form, shrinkage: Double = 0, dimensions: Int? = nil
    ) throws(LowRankError) {
        guard (0...1).contains(shrinkage) else {
            throw .unfitData(what: "whitening", reason: "a shrinkage of \(shrinkage) is not from 0 to 1")
        }
        let width = x.columns
        let kept = dimensions ?? width
        guard (1...max(1, width)).contains(kept), form == .pca || kept == width else {
            throw .unfitData(what: "whitening", reason: "\(kept) of \(width) dimensions cannot be kept by \(form)")
        }
        let moments = try PairedMoments(x, x.columns(0..<min(1, width)), for: "whitening")
        var covariance = moments.centred.xx
        let mean = covariance.trace / Double(width * moments.count)
        covariance.values = covariance.values.map { $0 / Double(moments.count) * (1 - shrinkage) }
        for i in 0..<width { covariance[i, i] += shrinkage * mean }
        let eigen = try LAPACK.symmetricEigen(of: covariance)
        let values = [Double](eigen.values.reversed())
        guard values[0] > 0, values[kept - 1] > values[0] * Self.singularity else {
            throw .unfitData(
                what: "whitening",
                reason: "\(moments.count) rows do not vary in \(kept) directions: keep fewer, or add shrinkage")
        }
        variances = values
        // Rows are the components, scaled.
        var scaled = DoubleMatrix(rows: kept, columns: width)
        var components = scaled
        for k in 0..<kept {
            let vector = (0..<width).map { eigen.vectors[$0, width - 1 - k] }
            let largest = vector.max { abs($0) < abs($1) } ?? 1
            let sign: Double = largest < 0 ? -1 : 1
            for i in 0..<width {
                components[k, i] = sign * vector[i]
                scaled[k, i] = sign * vector[i] / values[k].squareRoot()
            }
        }
        let weight =
            form == .pca ? scaled : DoubleMatrix.product(components, transposingFirst: true, scaled)
        var bias = DoubleMatrix(rows: 1, columns: weight.rows)
        bias.addProduct(DoubleMatrix(row: moments.means.x), weight, transposingSecond: true, alpha: -1)
        map = AffineMap(weight: weight.rounded, bias: bias.values.map { Float($0) })
    }
}
