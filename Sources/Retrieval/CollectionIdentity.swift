public import Files

/// What a collection was embedded with, kept beside its texts: enough to embed queries the same way and to refuse others.
public struct CollectionIdentity: Equatable, Sendable, Codable {
    /// What its vectors live in.
    public var space: SpaceIdentity
    /// The width of its vectors.
    public var dimension: Int
    /// The base model as the user named it: a folder or a hub name.
    public var model: String
    /// The adapter's folder, if any.
    public var adapter: String?
    /// Tokens that its texts were cut to; nil for the model's limit.
    public var maxLength: Int?
    /// What reproduces the bytes of its vectors. For the record.
    public var recipe: String

    public init(
        space: SpaceIdentity, dimension: Int, model: String, adapter: String? = nil, maxLength: Int? = nil,
        recipe: String = ""
    ) {
        self.space = space
        self.dimension = dimension
        self.model = model
        self.adapter = adapter
        self.maxLength = maxLength
        self.recipe = recipe
    }
}
