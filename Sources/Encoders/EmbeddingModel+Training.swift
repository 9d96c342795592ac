public import LowRank
public import VectorMath

extension EmbeddingModel {
    /// Vectors `[B, dimension]` of a batch, and what `backward` needs for the gradients of the adapter.
    ///
    /// Blocks below the lowest one with an adapter keep nothing.
    public func forward(
        _ batch: TokenBatch, adapter: LowRankAdapter, options: TrainingOptions = TrainingOptions()
    ) throws(EncodersError) -> (embeddings: Matrix<Float>, activations: Activations) {
        pooled(batch, try encoder.forwardKeeping(batch, adapter: adapter, options: options))
    }

    /// Vectors `[B, dimension]` of a batch, and what `backward` needs for the gradients of all weights.
    public func forwardKeepingEverything(
        _ batch: TokenBatch, adapter: LowRankAdapter? = nil, options: TrainingOptions = TrainingOptions()
    ) throws(EncodersError) -> (embeddings: Matrix<Float>, activations: Activations) {
        try forward(batch, part: .everything, adapter: adapter, options: options)
    }

    /// Vectors `[B, dimension]` of a batch, and what `backward` needs for the gradients of some weights.
    ///
    /// - Parameter below: The hidden states `[T, D]` that the lowest trained block reads, where they are known.
    package func forward(
        _ batch: TokenBatch, part: TrainableWeights.Part, below: Matrix<Float>? = nil, adapter: LowRankAdapter? = nil,
        options: TrainingOptions = TrainingOptions()
    ) throws(EncodersError) -> (embeddings: Matrix<Float>, activations: Activations) {
        pooled(
            batch,
            try encoder.forwardKeeping(batch, part: part, below: below, adapter: adapter, options: options))
    }

    /// d embeddings `[B, dimension]` → the gradients of the adapter (+=).
    ///
    /// - Precondition: No biases train along: ``TrainingEncoder`` has their gradients.
    public func backward(
        _ gradient: Matrix<Float>, activations: Activations, into gradients: inout AdapterGradients
    ) {
        precondition(gradients.biases.isEmpty, "gradients of biases beside those of an adapter")
        var taken: AdapterGradients? = gradients
        var none: BERTGradients?
        gradients.pairs = []
        backward(gradient, activations: activations, gradients: &taken, full: &none)
        gradients = taken!
    }

    /// d embeddings `[B, dimension]` → the gradients of all weights (+=).
    public func backward(
        _ gradient: Matrix<Float>, activations: Activations, into gradients: inout BERTGradients
    ) {
        var none: AdapterGradients?
        var taken: BERTGradients? = gradients
        gradients.blocks = []
        backward(gradient, activations: activations, gradients: &none, full: &taken)
        gradients = taken!
    }

    private func pooled(
        _ batch: TokenBatch, _ pass: (hidden: Matrix<Float>, activations: BERTEncoder.Activations)
    ) -> (embeddings: Matrix<Float>, activations: Activations) {
        let pooled = pooling.forward(pass.hidden.view, batch: batch)
        var vectors = pooled.y
        var normalized: (norms: [Float], vectors: Matrix<Float>)?
        if normalizes {
            let norms = normalizeRows(&vectors)
            normalized = (norms, vectors)
        }
        return (vectors, Activations(encoder: pass.activations, pooling: pooled.activations, normalized: normalized))
    }

    private func backward(
        _ gradient: Matrix<Float>, activations: Activations, gradients: inout AdapterGradients?,
        full: inout BERTGradients?
    ) {
        let batch = activations.encoder.batch
        precondition(
            gradient.rows == batch.count && gradient.columns == dimension,
            "a gradient of [\(gradient.rows), \(gradient.columns)] for vectors of [\(batch.count), \(dimension)]")
        var dPooled = gradient
        if let normalized = activations.normalized {
            dPooled = Matrix(uninitializedRows: gradient.rows, columns: gradient.columns)
            normalizeRowsBackward(
                gradient.view, normalized: normalized.vectors.view, norms: normalized.norms, into: &dPooled)
        }
        let dHidden = pooling.backward(dPooled.view, batch: batch, activations: activations.pooling)
        encoder.backward(dHidden, activations: activations.encoder, gradients: &gradients, full: &full)
    }
}
