internal import Files
public import LowRank
public import ModelFiles
internal import Synchronization
public import Tokenization
public import VectorMath

/// A text embedding model in memory: tokenizer, encoder, pooling and normalisation. What training works on.
///
/// The weights stay as they are; an adapter is an argument of each call, so that many can share one model.
public struct EmbeddingModel: Sendable {
    public let tokenizer: Tokenizer
    public let encoder: BERTEncoder
    public let pooling: Pooling
    /// Whether prompts take part in pooling.
    public let poolsPrompt: Bool
    /// Whether vectors are scaled to length 1.
    public let normalizes: Bool
    /// The default limit of tokens a text, special tokens included.
    public let maxLength: Int
    /// The mapped file, of which packed weights leave no part in memory.
    private let weights: SafetensorsFile?
    /// Encoders for inference, made when they are first asked for.
    private let inference = PackedEncoders()

    /// What `backward` needs of a forward pass. Holds the adapter's matrices as they were in the forward pass.
    public struct Activations: Sendable {
        let encoder: BERTEncoder.Activations
        let pooling: Pooling.Activations
        /// The lengths before normalisation and the vectors after it.
        let normalized: (norms: [Float], vectors: Matrix<Float>)?
    }

    /// Loads a model folder. Weights in float32 stay in the mapped file.
    public init(_ folder: ModelFolder) throws(EncodersError) {
        let configuration = folder.configuration
        guard configuration.heads > 0, configuration.width % configuration.heads == 0 else {
            throw .headsDoNotDivide(width: configuration.width, heads: configuration.heads, path: folder.path)
        }
        do throws(TokenizationError) {
            tokenizer = try Tokenizer(path: folder.tokenizerPath)
        } catch {
            throw .tokenizer(error)
        }
        guard tokenizer.vocabularySize <= configuration.vocabularySize else {
            throw .vocabularyMismatch(
                tokenizer: tokenizer.vocabularySize, model: configuration.vocabularySize, path: folder.tokenizerPath)
        }
        let weights: ModelWeights
        do throws(ModelFilesError) {
            weights = try folder.tensors()
        } catch {
            throw .model(error)
        }
        encoder = try BERTEncoder(configuration: configuration) { name, shape throws(EncodersError) in
            do throws(ModelFilesError) {
                return try weights.require(name, shape: shape).matrix()
            } catch {
                throw .model(error)
            }
        }
        self.weights = weights.file
        pooling = Pooling(modes: folder.pooling.modes)
        poolsPrompt = folder.pooling.includePrompt
        normalizes = folder.normalizes
        maxLength = min(folder.maxLength, configuration.maxPositions)
    }

    /// A model of given parts.
    package init(
        tokenizer: Tokenizer, encoder: BERTEncoder, pooling: Pooling, poolsPrompt: Bool = true, normalizes: Bool,
        maxLength: Int
    ) {
        self.tokenizer = tokenizer
        self.encoder = encoder
        weights = nil
        self.pooling = pooling
        self.poolsPrompt = poolsPrompt
        self.normalizes = normalizes
        self.maxLength = maxLength
    }

    /// Another model with a changed encoder.
    init(_ other: EmbeddingModel, encoder: BERTEncoder) {
        tokenizer = other.tokenizer
        self.encoder = encoder
        weights = other.weights
        pooling = other.pooling
        poolsPrompt = other.poolsPrompt
        normalizes = other.normalizes
        maxLength = other.maxLength
    }

    /// The width of the vectors: D times the number of pooling modes.
    public var dimension: Int { encoder.width * pooling.modes.count }

    /// Every linear layer that an adapter may change, for `LowRankAdapter(configuration:modules:seed:)`.
    public var linearModules: [LinearModule] { encoder.linearModules }

    /// The limits of tokens a text that the model can work with: a token between the special ones, up to its positions.
    public var allowedLengths: ClosedRange<Int> {
        let specials = tokenizer.encode("").count
        return specials + 1...max(specials + 1, encoder.configuration.maxPositions)
    }

    /// Token ids of texts, in parallel; the same for any number of threads.
    ///
    /// - Parameter maxLength: The limit of tokens a text, special tokens included; the model's own when nil.
    public func tokenize(_ texts: [String], maxLength: Int? = nil) throws(EncodersError) -> [[Int32]] {
        let limit = maxLength ?? self.maxLength
        guard allowedLengths.contains(limit) else { throw .invalidLength(found: limit, allowed: allowedLengths) }
        return parallelMap(texts.count, grain: 16) { tokenizer.encode(texts[$0], maxLength: limit) }
    }

    /// How many of a prompted text's leading tokens are the prompt's, where pooling leaves them out; else 0.
    public func skippedTokens(prompt: String) -> Int {
        guard !poolsPrompt, !prompt.isEmpty else { return 0 }
        let alone = tokenizer.encode(prompt)
        let endsInSpecial = alone.last != nil && alone.last == tokenizer.encode("").last
        return alone.count - (endsInSpecial ? 1 : 0)
    }

    /// The encoder for inference in a precision; packs the weights when it is first asked for.
    package func inferenceEncoder(_ precision: Precision) -> InferenceEncoder {
        inference.encoder(precision) { InferenceEncoder(encoder, precision: precision, packed: releasePages) }
    }

    /// Lets the system take back what was read of the mapped file.
    func releasePages() { weights?.releasePages() }

    /// Vectors `[B, dimension]` of a batch.
    public func embed(
        _ batch: TokenBatch, adapter: LowRankAdapter? = nil, options: TrainingOptions? = nil
    ) throws(EncodersError) -> Matrix<Float> {
        let hidden = try encoder.forward(batch, adapter: adapter, options: options)
        var pooled = pooling.forward(hidden.view, batch: batch).y
        if normalizes { _ = normalizeRows(&pooled) }
        return pooled
    }
}

/// The encoders for inference of one model, one a precision: all that use the model share them.
private final class PackedEncoders: Sendable {
    private let storage = Mutex<[Precision: InferenceEncoder]>([:])

    func encoder(_ precision: Precision, _ make: () -> InferenceEncoder) -> InferenceEncoder {
        storage.withLock { known in
            if let encoder = known[precision] { return encoder }
            let encoder = make()
            known[precision] = encoder
            return encoder
        }
    }
}
