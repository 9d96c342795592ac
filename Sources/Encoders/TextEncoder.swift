internal import Files
public import LowRank
public import ModelFiles
public import VectorMath

/// Texts to vectors: prompts, tokens, batches, adapter.
///
/// Thread-safe and synchronous. A text's vector has the same bits for any number of threads, in any company of other texts and at any
/// place among them, on one instruction set.
public struct TextEncoder: Sendable {
    /// The base model.
    public let model: EmbeddingModel
    /// The adapter that changes the base model, if any.
    public let adapter: LowRankAdapter?
    /// The prompts of the model's configuration, by name.
    public let prompts: [String: String]
    /// The name of the prompt of texts that come without one.
    public let defaultPromptName: String?
    /// What a user should know of the model: what was assumed, what is passed over.
    public let warnings: [String]
    /// The numbers that the model's products multiply.
    public let precision: Precision
    /// What follows the model's vectors, if anything: of its folder, or put on by ``with(head:for:into:)``. An encoder with
    /// another adapter or other weights comes without one: a head belongs to the vectors that it was made for.
    public internal(set) var head: EncoderHead?
    let route: Route
    /// Parts of the identity that do not depend on the adapter.
    let identity: [(String, String)]

    /// Loads a model folder.
    ///
    /// - Parameter precision: In float32 vectors are those of other tools; see ``Precision/standard`` for what is fastest without loss.
    public init(
        model folder: ModelFolder, adapter: LowRankAdapter? = nil, precision: Precision = .f32
    ) throws(EncodersError) {
        let model = try EmbeddingModel(folder)
        prompts = folder.prompts
        defaultPromptName = folder.defaultPromptName
        if let name = folder.defaultPromptName, folder.prompts[name] == nil {
            throw .unknownPrompt(name, known: Array(folder.prompts.keys))
        }
        identity = try Self.identity(of: folder, model: model)
        self.model = model
        self.adapter = adapter
        self.precision = precision
        route = try Self.prepare(model, adapter, precision)
        warnings = folder.warnings + Self.warnings(of: adapter)
        head = try Self.head(of: folder)
    }

    /// Loads a model folder and a PEFT folder.
    public init(
        model folder: ModelFolder, adapter: AdapterFolder, precision: Precision = .f32
    ) throws(EncodersError) {
        let loaded: LowRankAdapter
        do throws(LowRankError) {
            loaded = try LowRankAdapter(adapter)
        } catch {
            throw .adapter(error)
        }
        try self.init(model: folder, adapter: loaded, precision: precision)
    }

    /// The same model with another adapter, or with none. Shares the weights.
    public func adapted(by adapter: LowRankAdapter?) throws(EncodersError) -> TextEncoder {
        try TextEncoder(self, adapter: adapter)
    }

    /// The same model with other weights, and without an adapter.
    package func replacing(_ weights: TrainableWeights) -> TextEncoder { TextEncoder(self, weights: weights) }

    private init(_ other: TextEncoder, weights: TrainableWeights) {
        model = other.model.replacing(weights)
        adapter = nil
        precision = other.precision
        route = Route(inference: model.inferenceEncoder(precision), adapter: nil)
        prompts = other.prompts
        defaultPromptName = other.defaultPromptName
        identity = other.identity + [("trained weights", weights.digest)]
        warnings = other.warnings
    }

    private init(_ other: TextEncoder, adapter: LowRankAdapter?) throws(EncodersError) {
        model = other.model
        self.adapter = adapter
        precision = other.precision
        route = try Self.prepare(model, adapter, precision)
        prompts = other.prompts
        defaultPromptName = other.defaultPromptName
        identity = other.identity
        let stale = Self.warnings(of: other.adapter)
        warnings = other.warnings.filter { !stale.contains($0) } + Self.warnings(of: adapter)
    }

    /// What computes with an adapter: the model's own encoder beside the adapter, with magnitudes one of merged weights, and
    /// with biases one that shares its weights.
    private static func prepare(
        _ model: EmbeddingModel, _ adapter: LowRankAdapter?, _ precision: Precision
    ) throws(EncodersError) -> Route {
        if let adapter, adapter.hasMagnitudes {
            return Route(inference: try model.merging(adapter).inferenceEncoder(precision), adapter: nil)
        }
        let inference = model.inferenceEncoder(precision)
        guard let adapter, let bound = try model.encoder.bind(adapter) else {
            return Route(inference: inference, adapter: nil)
        }
        return Route(
            inference: adapter.biases.isEmpty ? inference : inference.takingBiases(of: bound.encoder),
            adapter: inference.bind(bound))
    }

    /// The width of the vectors.
    public var dimension: Int { head?.head.outputWidth ?? model.dimension }

    /// The default limit of tokens a text, special tokens included.
    public var maxLength: Int { model.maxLength }

    /// Vectors `[B, dimension]` of texts, in their order.
    ///
    /// - Parameters:
    ///   - prompt: The name of a prompt to put before every text; the model's default prompt, if it has one, when nil.
    ///   - maxLength: The limit of tokens a text; what is longer is cut, as the model's own tools do.
    ///   - progress: Called on the calling thread after every batch with the number of texts done and of all.
    public func encode(
        _ texts: [String], prompt: String? = nil, maxLength: Int? = nil, progress: ((Int, Int) -> Void)? = nil
    ) throws(EncodersError) -> Matrix<Float> {
        try encode(texts, as: .plain, prefix: try prefix(named: prompt), maxLength: maxLength, progress: progress)
    }

    /// Vectors of queries: with the model's prompt `query`, else with its default prompt.
    public func encodeQueries(
        _ texts: [String], maxLength: Int? = nil, progress: ((Int, Int) -> Void)? = nil
    ) throws(EncodersError) -> Matrix<Float> {
        try encode(texts, as: .query, prefix: queryPrompt, maxLength: maxLength, progress: progress)
    }

    /// Vectors of documents: with the model's prompt `document`, `passage` or `corpus`, else with its default prompt.
    public func encodeDocuments(
        _ texts: [String], maxLength: Int? = nil, progress: ((Int, Int) -> Void)? = nil
    ) throws(EncodersError) -> Matrix<Float> {
        try encode(texts, as: .document, prefix: documentPrompt, maxLength: maxLength, progress: progress)
    }

    /// The text that `encodeQueries` puts before every text; often empty.
    public var queryPrompt: String { prompts["query"] ?? defaultPrompt }

    /// The text that `encodeDocuments` puts before every text; often empty.
    public var documentPrompt: String {
        prompts["document"] ?? prompts["passage"] ?? prompts["corpus"] ?? defaultPrompt
    }

    private var defaultPrompt: String { defaultPromptName.flatMap { prompts[$0] } ?? "" }

    func prefix(named name: String?) throws(EncodersError) -> String {
        guard let name else { return defaultPrompt }
        guard let prompt = prompts[name] else { throw .unknownPrompt(name, known: Array(prompts.keys)) }
        return prompt
    }

    private static func warnings(of adapter: LowRankAdapter?) -> [String] {
        let dead = adapter?.names.filter(BERTEncoder.isDead) ?? []
        return dead.map { "the adapter changes \($0), which has no part in a text's vector" }
    }
}
