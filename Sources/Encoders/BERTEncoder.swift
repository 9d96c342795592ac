public import LowRank
public import ModelFiles
public import VectorMath

/// BERT: token ids to hidden states, forward and backward, in float32 and without padding.
///
/// Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", arXiv:1810.04805. The weights stay as they are; an adapter
/// is an argument of each call. Products run over the tokens of all texts at once, attention text by text. Results
/// are the same bits for any number of threads.
public struct BERTEncoder: Sendable {
    /// The shapes and constants of the model.
    public let configuration: TransformerConfiguration
    package let embeddings: EmbeddingLayer
    package let blocks: [BERTBlock]

    /// What `backward` needs of a forward pass.
    package struct Activations: Sendable {
        package let batch: TokenBatch
        package let options: TrainingOptions?
        package let adapter: BoundAdapter?
        package let embeddings: LayerNormalization.Activations?
        /// The lowest block with a gradient.
        package let lowestBlock: Int
        /// Of the blocks from `lowestBlock` on.
        package let blocks: [BERTBlock.Activations]
    }

    /// The encoder of tensors by name.
    ///
    /// - Parameter tensor: Gives the tensor of a name in the shape that the configuration asks for; one-dimensional ones as one row.
    public init(
        configuration: TransformerConfiguration,
        tensor: (_ name: String, _ shape: [Int]) throws(EncodersError) -> MatrixView<Float>
    ) throws(EncodersError) {
        self.configuration = configuration
        let loader = BERTLoader(configuration: configuration)
        embeddings = try loader.embeddings(tensor)
        var blocks: [BERTBlock] = []
        for layer in 0..<configuration.layers { blocks.append(try loader.block(layer, tensor)) }
        self.blocks = blocks
    }

    /// An encoder of given layers.
    init(configuration: TransformerConfiguration, embeddings: EmbeddingLayer, blocks: [BERTBlock]) {
        self.configuration = configuration
        self.embeddings = embeddings
        self.blocks = blocks
    }

    /// D.
    public var width: Int { configuration.width }

    /// Every linear layer that an adapter may change. The pooler is not among them: no pooling of token states reads it.
    public var linearModules: [LinearModule] { blocks.flatMap { $0.linears.flatMap(\.linearModules) } }

    /// Zeros in the shapes of all weights.
    public var zeroGradients: BERTGradients { zeroGradients(of: .everything) }

    /// Zeros in the shapes of the weights of a part.
    package func zeroGradients(of part: TrainableWeights.Part) -> BERTGradients {
        let lowest = lowestBlock(of: part)
        return BERTGradients(
            embeddings: part == .everything ? embeddings.zeroGradient : nil,
            blocks: blocks.enumerated().map { $0 < lowest ? BERTBlock.Gradient() : $1.zeroGradient })
    }

    /// Token ids `[T]` → the last hidden states `[T, D]`.
    public func forward(
        _ batch: TokenBatch, adapter: LowRankAdapter? = nil, options: TrainingOptions? = nil
    ) throws(EncodersError) -> Matrix<Float> {
        try check(batch)
        let adapter = try bind(adapter)
        let encoder = adapter?.encoder ?? self
        var hidden = encoder.embeddings.forward(batch).y
        for (i, block) in encoder.blocks.enumerated() {
            hidden =
                block.forward(
                    hidden, batch: batch, adapters: adapter?.blocks[i], options: options, keeping: .nothing
                ).y
        }
        return hidden
    }

    /// The hidden states after the embeddings and after every block, each `[T, D]`.
    public func hiddenStates(
        _ batch: TokenBatch, adapter: LowRankAdapter? = nil
    ) throws(EncodersError) -> [Matrix<Float>] {
        try check(batch)
        let adapter = try bind(adapter)
        let encoder = adapter?.encoder ?? self
        var states = [encoder.embeddings.forward(batch).y]
        for (i, block) in encoder.blocks.enumerated() {
            let below = states[states.count - 1]
            states.append(
                block.forward(
                    below, batch: batch, adapters: adapter?.blocks[i], options: nil, keeping: .nothing
                ).y)
        }
        return states
    }

    /// A forward pass that keeps what `backward` needs for the gradients of an adapter.
    package func forwardKeeping(
        _ batch: TokenBatch, adapter: LowRankAdapter, options: TrainingOptions?
    ) throws(EncodersError) -> (hidden: Matrix<Float>, activations: Activations) {
        try check(batch)
        let adapter = try bind(adapter)
        let lowest = adapter?.blocks.firstIndex { !$0.isEmpty } ?? blocks.count
        return (adapter?.encoder ?? self).forwardKeeping(
            batch, below: nil, adapter: adapter, options: options, keeping: .adapters, from: lowest, embeddings: false)
    }

    /// A forward pass that keeps what `backward` needs for the gradients of weights, and of an adapter where there is one.
    ///
    /// - Parameter below: The hidden states `[T, D]` that the lowest trained block reads, where they are known: see
    ///   ``hiddenStates(_:below:)``.
    package func forwardKeeping(
        _ batch: TokenBatch, part: TrainableWeights.Part, below: Matrix<Float>? = nil, adapter: LowRankAdapter? = nil,
        options: TrainingOptions? = nil
    ) throws(EncodersError) -> (hidden: Matrix<Float>, activations: Activations) {
        try check(batch)
        let adapter = try bind(adapter)
        return (adapter?.encoder ?? self).forwardKeeping(
            batch, below: below, adapter: adapter, options: options, keeping: .everything,
            from: lowestBlock(of: part), embeddings: part == .everything)
    }

    private func forwardKeeping(
        _ batch: TokenBatch, below: Matrix<Float>?, adapter: BoundAdapter?, options: TrainingOptions?,
        keeping: Keeping, from lowest: Int, embeddings keepsEmbeddings: Bool
    ) -> (hidden: Matrix<Float>, activations: Activations) {
        var kept: LayerNormalization.Activations?
        var hidden: Matrix<Float>
        if let below {
            hidden = below
        } else {
            (hidden, kept) = embeddings.forward(batch, keepsInput: keepsEmbeddings)
        }
        var activations: [BERTBlock.Activations] = []
        for (i, block) in blocks.enumerated().dropFirst(below == nil ? 0 : lowest) {
            let (y, saved) = block.forward(
                hidden, batch: batch, adapters: adapter?.blocks[i], options: options,
                keeping: i < lowest ? .nothing : keeping)
            if let saved { activations.append(saved) }
            hidden = y
        }
        let all = Activations(
            batch: batch, options: options, adapter: adapter, embeddings: kept, lowestBlock: lowest,
            blocks: activations)
        return (hidden, all)
    }

    /// The hidden states `[T, D]` that a block reads.
    package func hiddenStates(_ batch: TokenBatch, below block: Int) throws(EncodersError) -> Matrix<Float> {
        try check(batch)
        return blocks[..<block].reduce(embeddings.forward(batch).y) {
            $1.forward($0, batch: batch, adapters: nil, options: nil, keeping: .nothing).y
        }
    }

    /// d hidden `[T, D]` → the gradients of the adapter, of all weights, or of both (+=). Stops below the lowest block with a gradient.
    package func backward(
        _ dHidden: Matrix<Float>, activations: Activations, gradients: inout AdapterGradients?,
        full: inout BERTGradients?
    ) {
        var dy: Matrix<Float>? = dHidden
        for i in stride(from: blocks.count - 1, through: activations.lowestBlock, by: -1) {
            var blockGradient = full.map { $0.blocks[i] }
            full?.blocks[i] = BERTBlock.Gradient()
            dy = blocks[i].backward(
                dy!.view, batch: activations.batch, activations: activations.blocks[i - activations.lowestBlock],
                adapters: activations.adapter?.blocks[i], options: activations.options, gradients: &gradients,
                full: &blockGradient, wantsInput: i > activations.lowestBlock || activations.embeddings != nil)
            if let blockGradient { full?.blocks[i] = blockGradient }
        }
        if let dy, let kept = activations.embeddings, var gradient = full?.embeddings {
            full!.embeddings = nil
            embeddings.backward(dy.view, batch: activations.batch, activations: kept, full: &gradient)
            full!.embeddings = gradient
        }
    }
}
