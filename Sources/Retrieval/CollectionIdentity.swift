public import Encoders
public import Files
public import VectorIndex

/// What a collection was embedded with, kept beside its texts: enough to embed queries the same way and to refuse others.
public struct CollectionIdentity: Equatable, Sendable, Codable {
    /// What its vectors live in.
    public var space: SpaceIdentity
    /// The width of its vectors.
    public var dimension: Int
    /// The base model as the user named it: a folder or a hub name.
    public var model: String
    /// The digest of the base model's weights, where it is known.
    public var modelDigest: String?
    /// The adapter's folder, if any.
    public var adapter: String?
    /// The digest of the adapter's matrices.
    public var adapterDigest: String?
    /// What is put in front of texts: by `query` and `document`.
    public var prompts: [String: String]?
    /// Tokens that its texts were cut to; nil for the model's limit.
    public var maxLength: Int?
    /// What reproduces the bytes of its vectors. For the record.
    public var recipe: String
    /// The part of the ten nearest passages that is enough for a search to find, 0 < r < 1; nil where nothing may be missed. Where it
    /// is set, a collection that is too large for a fast exact search is searched by a graph, see `StructureChoice`.
    public var targetRecall: Double?
    /// What the collection is searched by, set by hand; nil for what size, dimension and recall suggest. One that misses some, without a
    /// target recall, is searched for ``usualRecall``.
    public var structure: IndexStructure?

    /// The recall of structures for which none was named.
    public static let usualRecall = 0.95

    public init(
        space: SpaceIdentity, dimension: Int, model: String, modelDigest: String? = nil, adapter: String? = nil,
        adapterDigest: String? = nil, prompts: [String: String]? = nil, maxLength: Int? = nil, recipe: String = "",
        targetRecall: Double? = nil, structure: IndexStructure? = nil
    ) {
        self.space = space
        self.dimension = dimension
        self.model = model
        self.modelDigest = modelDigest
        self.adapter = adapter
        self.adapterDigest = adapterDigest
        self.prompts = prompts
        self.maxLength = maxLength
        self.recipe = recipe
        self.targetRecall = targetRecall
        self.structure = structure
    }

    /// What an encoder embeds with.
    ///
    /// - Parameters:
    ///   - model: How the user named the base model, and `adapter` the adapter.
    ///   - maxLength: Tokens that texts are cut to; nil for the model's limit.
    ///   - targetRecall: The part of the ten nearest that is enough; nil where nothing may be missed.
    ///   - structure: What to search by; nil for what suits.
    public init(
        of encoder: TextEncoder, model: String, adapter: String? = nil, maxLength: Int? = nil,
        targetRecall: Double? = nil, structure: IndexStructure? = nil
    ) {
        self.init(
            space: encoder.space, dimension: encoder.dimension, model: model, adapter: adapter,
            adapterDigest: encoder.adapter?.digest,
            prompts: ["query": encoder.queryPrompt, "document": encoder.documentPrompt], maxLength: maxLength,
            recipe: encoder.recipe, targetRecall: targetRecall, structure: structure)
    }

    /// Whether an index of this collection may have a structure: until one that was asked for is there, the exact one serves.
    func allows(_ structure: IndexStructure) -> Bool {
        structure == .exact || self.structure.map { $0 == structure } ?? (structure == .graph && targetRecall != nil)
    }

    /// Whether it asks for a recall that there can be.
    var hasProperRecall: Bool { targetRecall.map { $0 > 0 && $0 < 1 } ?? true }
}
