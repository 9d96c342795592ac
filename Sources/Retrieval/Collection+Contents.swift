public import Corpora
public import Files
public import VectorIndex

/// What a collection holds and where it comes from.
public struct CollectionInfo: Equatable, Sendable {
    public let path: String
    public let identity: CollectionIdentity
    /// How many passages there are.
    public let count: Int
    /// How many changes made it what it is.
    public let generation: Int
    /// When it was made, in UTC.
    public let created: String
    /// The version of Attune that made it.
    public let version: String
    /// Bytes of the database and of the index.
    public let databaseSize: Int, indexSize: Int
    /// What it is searched by, and what searches promise.
    public let structure: IndexStructure, guarantee: SearchGuarantee
    /// What the index keeps of each vector in memory.
    public let bytesPerVector: Int

    public var jsonValue: JSONValue {
        [
            "path": .string(path), "passages": .integer(Int64(count)), "generation": .integer(Int64(generation)),
            "created": .string(created), "version": .string(version), "database_bytes": .integer(Int64(databaseSize)),
            "index_bytes": .integer(Int64(indexSize)), "dimension": .integer(Int64(identity.dimension)),
            "space": .string(identity.space.digest), "model": .string(identity.model),
            "model_digest": identity.modelDigest.map { .string($0) } ?? .null,
            "adapter": identity.adapter.map { .string($0) } ?? .null,
            "adapter_digest": identity.adapterDigest.map { .string($0) } ?? .null,
            "prompts": .object((identity.prompts ?? [:]).mapValues { .string($0) }),
            "max_length": identity.maxLength.map { .integer(Int64($0)) } ?? .null, "recipe": .string(identity.recipe),
            "structure": .string(structure.rawValue), "guarantee": guarantee.jsonValue,
            "target_recall": identity.targetRecall.map { .number($0) } ?? .null,
            "bytes_per_vector": .integer(Int64(bytesPerVector)),
        ]
    }
}

extension SearchGuarantee {
    /// `kind` (`exact`, `bounded` or `approximate`), and `miss_rate` or `recall`, null where it was not measured.
    public var jsonValue: JSONValue {
        switch self {
        case .exact: ["kind": "exact"]
        case .bounded(let missRate): ["kind": "bounded", "miss_rate": .number(missRate)]
        case .approximate(let recall):
            ["kind": "approximate", "recall": recall.map { .number($0) } ?? .null]
        }
    }
}

extension Collection {
    /// What the collection holds and where it comes from.
    public func info() throws(RetrievalError) -> CollectionInfo {
        let origin = try store.origin()
        let snapshot = try index.current(store)
        func size(_ name: String) -> Int { (try? FileSystem.size(of: FileSystem.joined(path, name))) ?? 0 }
        return CollectionInfo(
            path: path, identity: identity, count: try store.count(), generation: try store.revision().generation,
            created: origin.created, version: origin.version, databaseSize: size(Self.databaseName),
            indexSize: size(DerivedIndex.fileName), structure: snapshot.structure,
            guarantee: snapshot.searching.guarantee, bytesPerVector: snapshot.bytesPerVector)
    }

    /// The passage of an id.
    public func passage(id: String) throws(RetrievalError) -> Passage? {
        try store.passage(id: id)
    }

    /// Calls `body` with every passage and its vector as it was added, in the order in which they came, as of one moment.
    ///
    /// `body` must not use the collection.
    public func forEach(_ body: (Passage, [Float]) throws -> Void) throws(RetrievalError) {
        try store.forEach { _, passage, vector in try body(passage, vector) }
    }

    /// What was wrong with the index when the collection was opened, a line each. It has been made anew from the database.
    public var notices: [String] { index.openingProblem.map { [$0] } ?? [] }

    /// What is wrong with the collection, a line each; empty where nothing is. Begins with the `notices`.
    ///
    /// Reads everything: SQLite's own check, every row's checksum, the vectors' lengths and numbers, every byte of the index,
    /// and whether it holds what the database holds.
    public func verify() throws(RetrievalError) -> [String] {
        let problems = try store.problems()
        // A store that cannot be read has nothing to hold the index against.
        guard problems.isEmpty else { return problems }
        return try notices + DerivedIndex.problems(folder: path, identity: identity, store: store)
    }
}
