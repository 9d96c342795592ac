internal import Encoders
internal import LowRank
internal import ModelFiles
internal import VectorMath

/// The encoder's part of a training step: there with the texts of a micro-batch, and back with their gradients.
protocol StepPass {
    associatedtype Activations

    /// The width of the vectors.
    var dimension: Int { get }

    /// Vectors of a micro-batch, and what ``backward(_:_:)`` needs where `keeps` is set.
    mutating func forward(
        _ batch: TokenBatch, options: TrainingOptions, keeps: Bool
    ) throws(EncodersError) -> (vectors: Matrix<Float>, activations: Activations)

    /// Adds the gradients that follow from those of the vectors.
    mutating func backward(_ gradient: Matrix<Float>, _ activations: consuming Activations)

    /// The bytes that the kept activations of texts of such lengths take.
    func activationByteCount(lengths: [Int]) -> Int
}

/// With an adapter on frozen weights.
struct AdapterPass: StepPass {
    let encoder: TrainingEncoder
    let adapter: TrainingEncoder.BoundAdapter
    var gradients: AdapterGradients
    /// What the adapter's lowest block reads, where there are blocks below it.
    var prefixes: PrefixCache

    var dimension: Int { encoder.model.dimension }

    mutating func forward(
        _ batch: TokenBatch, options: TrainingOptions, keeps: Bool
    ) throws(EncodersError) -> (vectors: Matrix<Float>, activations: TrainingEncoder.Activations) {
        var below: Matrix<Float>?
        if adapter.lowest > 0 {
            below = try prefixes.hiddenStates(batch) { [encoder, adapter] (batch) throws(EncodersError) in
                try encoder.hiddenStates(batch, below: adapter)
            }
        }
        return try encoder.forward(batch, adapter: adapter, below: below, options: options, keeps: keeps)
    }

    mutating func backward(_ gradient: Matrix<Float>, _ activations: consuming TrainingEncoder.Activations) {
        encoder.backward(gradient, activations: activations, into: &gradients)
    }

    func activationByteCount(lengths: [Int]) -> Int {
        encoder.activationByteCount(lengths: lengths, adapter: adapter)
    }
}

/// With the weights of the model itself, in float32.
struct WeightsPass: StepPass {
    /// The model with the weights of the step.
    let model: EmbeddingModel
    let part: TrainableWeights.Part
    var gradients: BERTGradients
    /// What the lowest trained block reads, where the blocks below stay as they are.
    var prefixes: PrefixCache

    var dimension: Int { model.dimension }

    mutating func forward(
        _ batch: TokenBatch, options: TrainingOptions, keeps: Bool
    ) throws(EncodersError) -> (vectors: Matrix<Float>, activations: EmbeddingModel.Activations?) {
        let encoder = model.encoder
        var below: Matrix<Float>?
        if part != .everything {
            below = try prefixes.hiddenStates(batch) { [part] (batch) throws(EncodersError) in
                try encoder.hiddenStates(batch, below: encoder.lowestBlock(of: part))
            }
        }
        let (vectors, activations) = try model.forward(batch, part: part, below: below, options: options)
        return (vectors, keeps ? activations : nil)
    }

    mutating func backward(_ gradient: Matrix<Float>, _ activations: consuming EmbeddingModel.Activations?) {
        guard let activations else { preconditionFailure("the forward pass kept nothing") }
        model.backward(gradient, activations: activations, into: &gradients)
    }

    /// Per trained block and token: the attention's input, its product of three widths, both normalisations' inputs and
    /// the feed-forward part's before and after its activation; per head the probabilities.
    func activationByteCount(lengths: [Int]) -> Int {
        let shape = model.encoder.configuration
        let blocks = Double(shape.layers - model.encoder.lowestBlock(of: part))
        let tokens = Double(lengths.reduce(0, +))
        let squares = lengths.reduce(0.0) { $0 + Double($1 * $1) }
        let perToken = Double(8 * shape.width + 2 * shape.feedForwardWidth)
        return Int(min(4 * blocks * (tokens * perToken + squares * Double(shape.heads)), 0x1p62))
    }
}
