package import LowRank
package import ModelFiles
internal import Synchronization
package import VectorMath

/// An embedding model for training adapters: frozen weights packed for both directions, in float32 or bfloat16.
///
/// A group of texts goes through all layers on one thread, there and back, so that what is between the layers stays in that
/// core's cache; groups are shared out over the threads. How texts are grouped, and in which order their gradients are
/// added, depends on the batch alone: results have the same bits for any number of threads. Sums, residuals, normalisations
/// and softmax are in float32 in either precision; in bfloat16 the factors of products and what is kept are rounded.
package final class TrainingEncoder: Sendable {
    /// An adapter with its matrices in the forms that this encoder reads.
    package struct BoundAdapter: Sendable {
        let blocks: [PackedBlockAdapters<TrainingAdapter>]
        /// What the adapter is bound to: the encoder's own, but for the biases that train along.
        let frozen: [PackedBlock<TrainingLinear>]
        let embeddings: EmbeddingLayer
        let biases: [BlockBiasPlaces]
        /// Where the gradient of the embeddings' bias lies, if it trains along.
        let embeddingBias: Int?
        /// The lowest block that it changes.
        package let lowest: Int
        let layout: AdapterGradientLayout
        /// The largest ΣR of a layer.
        var rank: Int { blocks.flatMap(\.all).reduce(1) { max($0, $1.rank) } }
        /// Whether a module has magnitudes.
        var stretches: Bool { blocks.flatMap(\.all).contains { $0.stretched != nil } }
    }

    /// What `backward` needs of a forward pass.
    package struct Activations: Sendable {
        let groups: [Group]
        let adapter: BoundAdapter
        let options: TrainingOptions
    }

    /// Texts that go through the layers together.
    struct Group: Sendable {
        /// Their rows in the batch.
        let texts: Range<Int>
        let batch: TokenBatch
        /// The first token's number in the batch.
        let firstToken: Int
        /// Of the blocks; nil where nothing was kept.
        let blocks: TrainingActivations?
        let pooling: Pooling.Activations
        /// The lengths before normalisation and the vectors after it.
        let normalized: (norms: [Float], vectors: Matrix<Float>)?
    }

    package let model: EmbeddingModel
    package let precision: Precision
    let width: Int
    let wideWidth: Int
    let heads: Int
    let blocks: [PackedBlock<TrainingLinear>]
    /// The bytes of the packed weights.
    package let weightByteCount: Int
    private let workspaces = Mutex<[TrainingActivations.Shape: [TrainingActivations]]>([:])

    /// Whether a model can be trained in a precision: products in bfloat16 read pairs of values.
    package static func supports(_ precision: Precision, _ shape: TransformerConfiguration) -> Bool {
        switch precision {
        case .f32: true
        case .bf16: shape.width / shape.heads % 2 == 0 && shape.feedForwardWidth % 2 == 0
        case .int8: false
        }
    }

    /// Packs the weights of a model.
    package init(_ model: EmbeddingModel, precision: Precision) {
        precondition(
            Self.supports(precision, model.encoder.configuration), "\(precision) cannot train a model of such widths")
        self.model = model
        self.precision = precision
        let encoder = model.encoder
        width = encoder.width
        wideWidth = encoder.configuration.feedForwardWidth
        heads = encoder.configuration.heads
        weightByteCount = encoder.blocks.flatMap(\.linears).reduce(0) {
            $0 + $1.packedByteCount(precision) + $1.transposedByteCount(precision)
        }
        let arena = Arena(byteCount: weightByteCount)
        blocks = encoder.blocks.map {
            defer { model.releasePages() }
            return PackedBlock($0, precision: precision, in: arena)
        }
    }

    /// Prepares an adapter. Throws where it names other modules or has other shapes than the model.
    package func bind(_ adapter: LowRankAdapter) throws(EncodersError) -> BoundAdapter {
        let adapted = try model.encoder.bind(adapter)!
        let encoder = adapted.encoder
        let bound = adapted.blocks.map { PackedBlockAdapters<TrainingAdapter>($0, precision: precision) }
        let layout = AdapterGradientLayout(bound.flatMap(\.all), of: adapter)
        let starts = Dictionary(uniqueKeysWithValues: layout.biases.map { ($0.name, $0.start) })
        let biases = encoder.blocks.map { BlockBiasPlaces($0, at: starts) }
        let embeddingBias = starts[encoder.embeddings.normalization.biasName]
        let lowest = zip(bound, biases).enumerated().first { !$1.0.isEmpty || !$1.1.isEmpty }?.offset ?? bound.count
        return BoundAdapter(
            blocks: bound, frozen: zip(blocks, encoder.blocks).map { $0.takingBiases(of: $1) },
            embeddings: encoder.embeddings, biases: biases, embeddingBias: embeddingBias,
            lowest: embeddingBias == nil ? lowest : 0, layout: layout)
    }

    // MARK: Groups

    /// Tokens that go through the layers together: fewer in small batches, so that there is something for every thread.
    static func tokenBudget(batch: Int) -> Int { batch < 4096 ? 128 : 256 }

    /// The texts of each group of a batch, of consecutive texts.
    static func groups(lengths: [Int]) -> [Range<Int>] {
        TextEncoder.batches(lengths: lengths, budget: tokenBudget(batch: lengths.reduce(0, +)))
    }

    /// The bytes that the kept activations of a batch take.
    package func activationByteCount(lengths: [Int], adapter: BoundAdapter) -> Int {
        let budget = Self.tokenBudget(batch: lengths.reduce(0, +))
        return Self.groups(lengths: lengths).reduce(0) { sum, range in
            let rows = Self.capacity(lengths[range].reduce(0, +), budget: budget)
            return sum
                + adapter.blocks.dropFirst(adapter.lowest).reduce(0) {
                    $0 + TrainingActivations.byteCount(self, ranks: $1.ranks, rows: rows)
                }
        }
    }

    private static func capacity(_ rows: Int, budget: Int) -> Int {
        rows <= budget ? budget : (rows + 255) / 256 * 256
    }

    // MARK: There and back

    /// Vectors `[B, dimension]` of a batch, and what `backward` needs where `keeps` is set.
    ///
    /// - Parameter below: what ``hiddenStates(_:below:)`` gave; nil to compute it.
    package func forward(
        _ batch: TokenBatch, adapter: BoundAdapter, below: Matrix<Float>? = nil, options: TrainingOptions, keeps: Bool
    ) throws(EncodersError) -> (vectors: Matrix<Float>, activations: Activations) {
        try model.encoder.check(batch)
        let passes = mapGroups(batch, adapter, lowest: keeps ? adapter.lowest : blocks.count, options) {
            pass, texts in
            let tokens = pass.firstToken..<pass.firstToken + pass.batch.tokenCount
            pass.forward(from: below.map { $0[rows: tokens] })
            var (vectors, pooling) = self.model.pooling.forward(pass.hiddenStates, batch: pass.batch)
            let norms = self.model.normalizes ? normalizeRows(&vectors) : nil
            if !keeps { self.giveBack(pass.kept) }
            let group = Group(
                texts: texts, batch: pass.batch, firstToken: pass.firstToken, blocks: keeps ? pass.kept : nil,
                pooling: pooling, normalized: norms.map { ($0, vectors) })
            return (group, vectors)
        }
        var vectors = Matrix<Float>(uninitializedRows: batch.count, columns: model.dimension)
        for (group, part) in passes { vectors.setRows(from: group.texts.lowerBound, to: part.view) }
        return (vectors, Activations(groups: passes.map { $0.0 }, adapter: adapter, options: options))
    }

    /// What the lowest block that an adapter changes reads of each text, `[T, D]`; a text's does not depend on the others.
    package func hiddenStates(_ batch: TokenBatch, below adapter: BoundAdapter) throws(EncodersError) -> Matrix<Float> {
        try model.encoder.check(batch)
        let parts = mapGroups(batch, adapter, lowest: blocks.count, TrainingOptions()) { pass, _ in
            defer { self.giveBack(pass.kept) }
            pass.forwardBelow()
            return (pass.firstToken, Matrix(copying: pass.hiddenStates))
        }
        var states = Matrix<Float>(uninitializedRows: batch.tokenCount, columns: width)
        for (firstToken, part) in parts { states.setRows(from: firstToken, to: part.view) }
        return states
    }

    /// Does something for each group of a batch, on all threads.
    ///
    /// - Parameter lowest: the block from which on something is kept.
    private func mapGroups<Result>(
        _ batch: TokenBatch, _ adapter: BoundAdapter, lowest: Int, _ options: TrainingOptions,
        _ body: (TrainingPass, Range<Int>) -> Result
    ) -> [Result] {
        let ranges = Self.groups(lengths: (0..<batch.count).map { batch.length(of: $0) })
        let budget = Self.tokenBudget(batch: batch.tokenCount)
        return parallelMap(ranges.count, grain: 1) { number in
            let texts = ranges[number]
            let part = batch.texts(texts)
            let kept = self.takeWorkspace(
                adapter, lowest: lowest, capacity: Self.capacity(part.tokenCount, budget: budget))
            let pass = TrainingPass(
                self, batch: part, firstToken: batch.offsets[texts.lowerBound], adapter: adapter, options: options,
                kept: kept)
            return body(pass, texts)
        }
    }

    /// d vectors `[B, dimension]` → the gradients of the adapter (+=). The activations are used up.
    package func backward(
        _ gradient: Matrix<Float>, activations: consuming Activations, into gradients: inout AdapterGradients
    ) {
        let (groups, adapter, options) = (activations.groups, activations.adapter, activations.options)
        // Neighbouring groups add to one sum, in their order; sums are added in theirs.
        let slots = min(groups.count, 16)
        let sums = AdapterGradientSums(adapter.layout, slots: slots)
        parallelFor(slots) { range in
            for slot in range {
                let sum = sums.begin(slot: slot)
                for number in slot * groups.count / slots..<(slot + 1) * groups.count / slots {
                    self.backward(gradient, groups[number], adapter, options, into: sum)
                }
            }
        }
        sums.add(to: &gradients)
    }

    private func backward(
        _ gradient: Matrix<Float>, _ group: Group, _ adapter: BoundAdapter, _ options: TrainingOptions,
        into sums: UnsafeMutablePointer<Float>
    ) {
        guard let kept = group.blocks else { preconditionFailure("the forward pass kept nothing") }
        var dPooled = gradient[rows: group.texts]
        if let normalized = group.normalized {
            var through = Matrix<Float>(uninitializedRows: dPooled.rows, columns: dPooled.columns)
            normalizeRowsBackward(
                dPooled, normalized: normalized.vectors.view, norms: normalized.norms, into: &through)
            dPooled = through.view
        }
        let dHidden = model.pooling.backward(dPooled, batch: group.batch, activations: group.pooling)
        TrainingPass(
            self, batch: group.batch, firstToken: group.firstToken, adapter: adapter, options: options, kept: kept
        ).backward(dHidden.view, into: sums)
        giveBack(kept)
    }

    // MARK: Workspaces

    /// Memory for a group's activations: what earlier steps used, before it is asked of the system.
    private func takeWorkspace(_ adapter: BoundAdapter, lowest: Int, capacity: Int) -> TrainingActivations {
        let shape = TrainingActivations.Shape(adapter, lowest: lowest, capacity: capacity)
        return workspaces.withLock { $0[shape]?.popLast() } ?? TrainingActivations(self, shape)
    }

    private func giveBack(_ workspace: TrainingActivations) {
        workspaces.withLock { $0[workspace.shape, default: []].append(workspace) }
    }
}
