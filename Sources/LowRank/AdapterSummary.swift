public import ModelFiles
internal import VectorMath

/// How much an adapter changes, and where.
public struct AdapterSummary: Sendable {
    /// One changed layer.
    public struct Module: Sendable {
        public let name: String
        /// R.
        public let rank: Int
        /// The factor of B · A.
        public let scaling: Float
        /// The singular values of scaling · B · A.
        public let spectrum: Spectrum
        /// ‖W' - W‖ by Frobenius. Of a layer with magnitudes, whose rows are also stretched, it takes the base to know it; without
        /// one it is nil.
        public let norm: Double?
        /// ‖W‖ of the base weight, where the base is known.
        public let baseNorm: Double?

        /// The change as a part of the base weight.
        public var share: Double? {
            guard let norm, let baseNorm, baseNorm > 0 else { return nil }
            return norm / baseNorm
        }
    }

    /// In the order of the adapter's names.
    public let modules: [Module]

    /// Measures an adapter, and the weights that it changes where its base is given.
    ///
    /// Complexity: O((in + out) · R²) a module; with magnitudes and a base O(in · out · R).
    public init(_ adapter: LowRankAdapter, base: ModelFolder? = nil) throws(LowRankError) {
        var tensors: [String: MatrixView<Float>] = [:]
        var merged: [String: Matrix<Float>] = [:]
        if let base {
            let model = try MergedModel(base: base, adapter: adapter)
            (tensors, merged) = (try model.unmerged(), model.tensors)
        }
        var modules: [Module] = []
        for (name, pair) in zip(adapter.names, adapter.pairs) {
            let spectrum = try pair.spectrum()
            let weight = tensors[name + ".weight"]
            var norm: Double? = spectrum.norm
            if pair.magnitude != nil {
                norm = nil
                if let weight, var change = merged[name + ".weight"] {
                    add(weight, to: &change, scale: -1)
                    norm = sumOfSquares(change.view).squareRoot()
                }
            }
            modules.append(
                Module(
                    name: name, rank: pair.rank, scaling: pair.scaling, spectrum: spectrum, norm: norm,
                    baseNorm: weight.map { sumOfSquares($0).squareRoot() }))
        }
        self.modules = modules
    }

    /// ‖W' - W‖ of all layers together; nil where that of one is not known.
    public var norm: Double? {
        let norms = modules.compactMap(\.norm)
        return norms.count == modules.count ? norms.reduce(0) { $0 + $1 * $1 }.squareRoot() : nil
    }
}
