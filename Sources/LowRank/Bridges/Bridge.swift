public import VectorMath

/// A map from the vectors of one encoder to those of another, fitted to texts that both have embedded.
///
/// Two closed forms are tried: a rotation, and a rotation plus an affine change of low rank, which can follow what a rotation cannot (spaces
/// that were stretched or moved) and needs more texts for it. Both are those of Drift-Adapter, arXiv:2509.23471.
public struct Bridge: Sendable, Equatable {
    /// The form of the map.
    public enum Form: Sendable, Equatable {
        /// ``OrthogonalProcrustes``.
        case procrustes
        /// ``ReducedRankRegression`` around Procrustes, with a penalty in units of the mean eigenvalue of XᵀX.
        case lowRank(rank: Int, penalty: Double)
        /// One of these, and a map behind it that was trained to find the new space's neighbours in the old one.
        case trained
    }

    /// The form of the map.
    public let form: Form
    /// The map; what it gives is to be normalised.
    public let map: AffineMap

    /// The ranks that are tried, besides that of all directions.
    public static let ranks = [16, 64]
    /// The penalties that are tried, in units of the mean eigenvalue of XᵀX.
    public static let penalties: [Double] = [1e-3, 1e-2, 1e-1, 1, 10]

    /// A map of some form.
    public init(form: Form, map: AffineMap) { (self.form, self.map) = (form, map) }

    /// The map as a head, which normalises.
    public var head: EmbeddingHead { EmbeddingHead(map) }

    /// All maps that are tried, the rotation first.
    ///
    /// - Parameters:
    ///   - x: vectors of the first encoder, `[N, in]`.
    ///   - y: vectors of the same texts by the second, `[N, out]`.
    /// - Complexity: O(N · in · (in + out)) for the sums, and O(in³ + out³) a penalty.
    public static func candidates(
        from x: MatrixView<Float>, to y: MatrixView<Float>, ranks: [Int] = ranks, penalties: [Double] = penalties
    ) throws(LowRankError) -> [Bridge] {
        let moments = try PairedMoments(x, y, for: "a bridge")
        let rotation = try OrthogonalProcrustes(moments)
        var bridges = [Bridge(form: .procrustes, map: rotation.map)]
        let unit = moments.centred.meanEigenvalue
        // Vectors without spread leave nothing to fit but the rotation.
        guard unit > 0 else { return bridges }
        let limit = min(x.columns, y.columns)
        let ranks = Set(ranks.filter { (1..<limit).contains($0) } + [limit]).sorted()
        for penalty in penalties {
            let maps = try ReducedRankRegression.maps(
                moments, ranks: ranks, penalty: penalty * unit, around: rotation.weight, intercept: true)
            bridges += zip(ranks, maps).map { Bridge(form: .lowRank(rank: $0, penalty: penalty), map: $1.map) }
        }
        return bridges
    }

    /// The best of the candidates by a score, and the score of each; of equals the first one.
    public static func choosing<Failure: Error>(
        among candidates: [Bridge], by score: (Bridge) throws(Failure) -> Double
    ) throws(Failure) -> (best: Bridge, scores: [Double]) {
        precondition(!candidates.isEmpty, "a choice among no maps")
        var scores: [Double] = []
        for candidate in candidates { scores.append(try score(candidate)) }
        let best = scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
        return (candidates[best], scores)
    }
}

extension Bridge.Form: CustomStringConvertible {
    public var description: String {
        switch self {
        case .procrustes: "procrustes"
        case .lowRank(let rank, let penalty): "procrustes plus rank \(rank), penalty \(penalty)"
        case .trained: "trained on neighbours"
        }
    }
}
