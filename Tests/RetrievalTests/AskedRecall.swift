import Corpora
import Files
import Retrieval
import VectorIndex
import VectorMath

/// Collections that ask for a recall, and what they are held against.
enum Asked {
    static let recall = 0.95
    /// What a recall measured on other queries than the index measured its own on may fall short by.
    static let slack = 0.02
    /// Enough for a graph to be measured, and above the limit.
    static let count = 1500
    static let limit = 1200
    /// A graph is made of more than `limit` vectors, and kept down to half as many.
    static let choice = StructureChoice(
        longestExactSearch: StructureChoice.exactSearchTime(count: limit, dimension: Made.dimension))

    static func identity(recall: Double? = recall, structure: IndexStructure? = nil) -> CollectionIdentity {
        var identity = Made.identity
        (identity.targetRecall, identity.structure) = (recall, structure)
        return identity
    }

    static func collection(
        _ path: String, count: Int = count, identity: CollectionIdentity = identity(), seed: UInt64 = 1,
        report: CollectionReport? = nil
    ) throws -> Collection {
        try Collection.create(
            at: path, identity: identity, passages: Made.passages(0..<count),
            vectors: Made.vectors(count, seed: seed).view, choice: choice, report: report)
    }

    static func open(_ path: String) throws(RetrievalError) -> Collection {
        try Collection(path: path, choice: choice)
    }

    static func indexPath(_ path: String) -> String { FileSystem.joined(path, "vectors.index") }

    /// What the file holds.
    static func structure(inFileOf path: String) throws -> IndexStructure {
        try IndexStructure(ofFile: indexPath(path))
    }

    /// The part of the passages that one collection finds which another finds too, ten for each query.
    static func recall(
        of found: Collection, against exact: Collection, queries: Matrix<Float>
    ) throws -> Double {
        let expected = try exact.search(queries.view, space: Made.space)
        let found = try found.search(queries.view, space: Made.space)
        var (hits, count) = (0, 0)
        for (found, expected) in zip(found, expected) {
            hits += Set(found.map(\.passage.id)).intersection(expected.map(\.passage.id)).count
            count += expected.count
        }
        return Double(hits) / Double(count)
    }
}
