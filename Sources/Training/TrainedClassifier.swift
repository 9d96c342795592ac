internal import ModelFiles
internal import VectorMath

/// A loss with weights of its own, and what the optimiser keeps of them. Part of checkpoints and not of the result.
struct TrainedClassifier: Sendable {
    /// The loss with its weights as they are now.
    private(set) var loss: any TrainableLoss
    private var moments: [AdamW.Moment]

    /// A loss before its first step; nil for one without weights of its own.
    init?(_ loss: any EmbeddingLoss) {
        guard let loss = loss as? any TrainableLoss else { return nil }
        self.loss = loss
        moments = loss.weights.map(AdamW.Moment.init(zerosLike:))
    }

    /// Takes the step that the optimiser of the adapter has just taken, by the same rule.
    mutating func step(
        _ gradients: [Matrix<Float>], learningRate: Double, gradientScale: Float, after optimizer: AdamW
    ) {
        precondition(gradients.count == moments.count, "every weight has a gradient")
        var weights = loss.weights
        for index in moments.indices {
            moments[index].step(
                &weights[index], gradient: gradients[index], learningRate: learningRate, gradientScale: gradientScale,
                steps: optimizer.steps, constants: optimizer.constants)
        }
        loss.weights = weights
    }

    /// Writes weights and moments, exact in float32.
    func write(to path: String) throws(ModelFilesError) {
        var writer = SafetensorsWriter()
        for (index, moment) in moments.enumerated() {
            writer.add("weight.\(index)", matrix: loss.weights[index].view)
            writer.add("weight.\(index).first", matrix: moment.first.view)
            writer.add("weight.\(index).second", matrix: moment.second.view)
        }
        try writer.write(to: path)
    }

    /// The same loss with weights and moments that were written.
    func read(_ path: String) throws(ModelFilesError) -> TrainedClassifier {
        let tensors = try SafetensorsFile(path: path)
        var result = self
        var weights: [Matrix<Float>] = []
        for (index, matrix) in loss.weights.enumerated() {
            weights.append(try tensors.matrix("weight.\(index)", like: matrix))
            result.moments[index].first = try tensors.matrix("weight.\(index).first", like: matrix)
            result.moments[index].second = try tensors.matrix("weight.\(index).second", like: matrix)
        }
        result.loss.weights = weights
        return result
    }
}

extension [Matrix<Float>] {
    /// The sum of the squares of all entries.
    var sumOfSquares: Double { reduce(0) { $0 + VectorMath.sumOfSquares($1.view) } }
}
