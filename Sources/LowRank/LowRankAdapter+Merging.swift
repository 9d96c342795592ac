public import VectorMath

extension LowRankAdapter {
    /// The weights that the adapter changes, with its changes added, by module name: in float32, module beside module, with the same bits
    /// for any number of threads.
    ///
    /// - Parameters:
    ///   - strength: 1 for the adapter as it is; with magnitudes it can only be that.
    ///   - weight: The base weight `[out, in]` of a module.
    /// - Throws: What `weight` throws; where a weight has another shape than the adapter's; where a value is not finite.
    public func merged(
        strength: Float = 1, into weight: (String) throws(LowRankError) -> MatrixView<Float>
    ) throws(LowRankError) -> [String: Matrix<Float>] {
        if strength != 1 { try requireProducts(for: "merging at another strength than 1") }
        var weights: [MatrixView<Float>] = []
        for (name, pair) in zip(names, pairs) {
            let weight = try weight(name)
            guard weight.columns == pair.inputWidth else {
                throw .wrongShape(
                    module: name, matrix: "A", expected: [pair.rank, weight.columns],
                    found: [pair.rank, pair.inputWidth])
            }
            guard weight.rows == pair.outputWidth else {
                throw .wrongShape(
                    module: name, matrix: "B", expected: [weight.rows, pair.rank], found: [pair.outputWidth, pair.rank])
            }
            weights.append(weight)
        }
        let merged = try parallelMap(
            names.count,
            throwing: { index throws(LowRankError) in
                var weight = Matrix(copying: weights[index])
                pairs[index].merge(into: &weight, strength: strength)
                guard sumOfSquares(weight.view).isFinite else { throw .notFinite(routine: "merging \(names[index])") }
                return weight
            })
        return Dictionary(uniqueKeysWithValues: zip(names, merged))
    }
}
