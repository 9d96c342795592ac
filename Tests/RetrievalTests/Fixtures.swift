import Corpora
import Files
import Retrieval
import VectorMath

/// Passages and vectors for tests, made from a seed.
enum Made {
    static let dimension = 12
    static let space = SpaceIdentity(parts: [("made", "up")])
    static let otherSpace = SpaceIdentity(parts: [("made", "otherwise")])

    static let identity = CollectionIdentity(
        space: space, dimension: dimension, model: "a/model", adapter: "an/adapter", prompts: ["query": "find: "],
        maxLength: 99, recipe: "as ever")

    static func passage(_ number: Int, edition: Int = 0) -> Passage {
        Passage(
            id: "p\(number)", title: "Title \(number)", text: "text \(number), edition \(edition)",
            source: number % 2 == 0 ? "folder/\(number % 5).md" : nil,
            byteRange: number % 2 == 0 ? number..<number + 10 : nil,
            metadata: number % 3 == 0 ? ["kind": "third", "nested": ["n": .integer(Int64(number))]] : [:])
    }

    static func passages(_ numbers: Range<Int>, edition: Int = 0) -> [Passage] {
        numbers.map { passage($0, edition: edition) }
    }

    static func vectors(_ count: Int, seed: UInt64) -> Matrix<Float> {
        var generator = RandomGenerator(seed: seed)
        return Matrix(
            rows: count, columns: dimension, elements: (0..<count * dimension).map { _ in generator.normal() })
    }

    static func collection(_ path: String, count: Int = 50, seed: UInt64 = 1, force: Bool = false) throws -> Collection
    {
        try Collection.create(
            at: path, identity: identity, passages: passages(0..<count), vectors: vectors(count, seed: seed).view,
            force: force)
    }
}

extension Collection {
    func search(_ query: [Float], k: Int) throws(RetrievalError) -> [Hit] {
        try search(query, space: Made.space, k: k)
    }
}

/// A folder that is gone when the test is over.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileSystem.joined(FileSystem.temporaryFolder, "attune-test-\(UInt64.random(in: .min ... .max))")
        try FileSystem.makeDirectory(path)
    }

    func file(_ name: String) -> String { FileSystem.joined(path, name) }

    deinit { try? FileSystem.remove(path) }
}
