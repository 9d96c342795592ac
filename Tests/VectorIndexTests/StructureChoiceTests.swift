import Files
import Testing
import VectorMath

@testable import VectorIndex

@Suite("The choice of a structure")
struct StructureChoiceTests {
    @Test(
        "is the graph from the number on at which an exact search takes more than a millisecond",
        arguments: [(384, 160_714), (784, 80_357), (768, 86_538), (128, 375_000), (31, 171_875), (65536, 1097)])
    func limit(dimension: Int, last: Int) {
        let choice = StructureChoice()
        #expect(choice.structure(count: last, dimension: dimension, targetRecall: 0.95) == .exact)
        #expect(choice.structure(count: last + 1, dimension: dimension, targetRecall: 0.95) == .graph)
    }

    @Test("is exact for any size where nothing may be missed, or less than a graph is measured for")
    func exact() {
        let choice = StructureChoice()
        for recall in [nil, 0.9981, 0.9999] as [Double?] {
            #expect(choice.structure(count: .max, dimension: 384, targetRecall: recall) == .exact)
        }
        for recall in [0.01, 0.5, 0.99, 0.998] {
            #expect(choice.structure(count: .max, dimension: 384, targetRecall: recall) == .graph)
            #expect(choice.structure(count: 0, dimension: 384, targetRecall: recall) == .exact)
        }
    }

    @Test("keeps a graph until there are half as many vectors as make one")
    func hysteresis() {
        let choice = StructureChoice()
        func structure(_ count: Int, _ current: IndexStructure?) -> IndexStructure {
            choice.structure(count: count, dimension: 384, targetRecall: 0.9, current: current)
        }
        #expect(structure(80_358, .graph) == .graph)
        #expect(structure(80_357, .graph) == .exact)
        #expect(structure(160_714, .exact) == .exact)
        #expect(structure(160_715, .exact) == .graph)
        #expect(structure(160_714, nil) == .exact)
    }

    @Test("is exact after a graph fell short, until there are twice as many vectors")
    func fellShort() {
        func structure(_ count: Int) -> IndexStructure {
            StructureChoice().structure(count: count, dimension: 384, targetRecall: 0.9, fellShortAt: 200_000)
        }
        #expect(structure(200_000) == .exact)
        #expect(structure(399_999) == .exact)
        #expect(structure(400_000) == .graph)
    }

    @Test("never goes back to exact as vectors come", arguments: [2, 32, 100, 1366, 8192])
    func monotone(dimension: Int) {
        let structures = (0..<22).map {
            StructureChoice().structure(count: 1 << $0, dimension: dimension, targetRecall: 0.9)
        }
        let first = structures.firstIndex(of: .graph) ?? structures.count
        #expect(structures[first...].allSatisfy { $0 == .graph })
    }

    @Test("is left to the caller who knows how long a search may take")
    func ownLimit() {
        let choice = StructureChoice(longestExactSearch: 2e-3)
        #expect(choice.structure(count: 300_000, dimension: 384, targetRecall: 0.9) == .exact)
        #expect(StructureChoice(longestExactSearch: 0).structure(count: 1, dimension: 384, targetRecall: 0.9) == .graph)
    }

    @Test("estimates the searches that were measured within a third, or too slow")
    func estimate() {
        let textmix = StructureChoice.exactSearchTime(count: 100_000, dimension: 384)
        #expect(abs(textmix * 1606 - 1) < 0.01)
        #expect(StructureChoice.exactSearchTime(count: 60_000, dimension: 784, metric: .squaredL2) > 1 / 3669.0)
    }
}

@Suite("An index file's structure")
struct IndexStructureTests {
    @Test("is told by its first letters; what is neither passes for exact, whose opening refuses it")
    func letters() throws {
        let folder = try TemporaryFolder()
        let vectors = TestVectors.random(40, dimension: 8, seed: 1)
        try GraphVectors.graph(vectors).snapshot().write(to: folder.file("graph"))
        let exact = try GraphVectors.exact(vectors, metric: .cosine)
        try exact.write(to: folder.file("exact"))
        #expect(try IndexStructure(ofFile: folder.file("graph")) == .graph)
        #expect(try IndexStructure(ofFile: folder.file("exact")) == .exact)
        for content in ["", "ATTUNE", "ATTUNEVg and more"] {
            try writeFile(content, to: folder.file("other"))
            #expect(try IndexStructure(ofFile: folder.file("other")) == .exact)
            #expect(throws: VectorIndexError.notAnIndex(path: folder.file("other"))) {
                try ExactSnapshot(path: folder.file("other"))
            }
        }
        #expect(throws: VectorIndexError.self) { try IndexStructure(ofFile: folder.file("none")) }
    }

    @Test("says what a vector takes")
    func sizes() throws {
        let vectors = TestVectors.random(8, dimension: 384, seed: 2)
        let index = ExactIndex(dimension: 384, metric: .cosine, codes: .always)
        try index.add(ids: Array(0..<8), vectors: vectors.view)
        try index.commit()
        #expect(index.snapshot().bytesPerVector == 1536 + 56)
        #expect(try GraphVectors.exact(vectors, metric: .cosine).bytesPerVector == 1536)
    }

    @Test("says what it promises in words")
    func words() {
        #expect("\(SearchGuarantee.exact)" == "exact")
        #expect(
            "\(SearchGuarantee.bounded(missRate: 1.9e-8))"
                == "exact, each neighbour missed with a probability of at most 1.9e-08")
        #expect("\(SearchGuarantee.approximate(recall: 0.953125))" == "approximate, measured recall 0.9531")
        #expect("\(SearchGuarantee.approximate(recall: nil))" == "approximate, recall not measured")
    }
}

@Suite("A graph that continues a snapshot")
struct ContinuedGraphTests {
    static let vectors = GraphVectors.clustered(1200, dimension: 24, seed: 80)

    @Test("changes as the graph that was written would, and leaves the file alone")
    func continues() throws {
        let folder = try TemporaryFolder()
        let written = try GraphVectors.graph(Self.vectors)
        try written.snapshot().write(to: folder.file("a"), tag: [4, 2])
        let bytes = try readFile(folder.file("a"))
        let opened = try GraphIndex(path: folder.file("b", copying: folder.file("a")))
        let continued = [
            try GraphIndex(continuing: GraphSnapshot(path: folder.file("a"))),
            try GraphIndex(continuing: written.snapshot()),
        ]
        let more = GraphVectors.clustered(60, dimension: 24, seed: 81)
        for index in [written, opened] + continued {
            index.delete(ids: 100..<200)
            try index.add(ids: Array(5000..<5060), vectors: more.view)
            try index.commit(tag: [4, 3])
        }
        func content(_ index: GraphIndex) throws -> [UInt8] {
            try index.snapshot().write(to: folder.file("content"), tag: [])
            return try readFile(folder.file("content"))
        }
        let expected = try content(written)
        for index in [opened] + continued { #expect(try content(index) == expected) }
        #expect(continued.allSatisfy { $0.path == nil })
        #expect(try readFile(folder.file("a")) == bytes)
        #expect(!FileSystem.exists(folder.file("a.lock")))
    }

    @Test("refuses a damaged file before anything is changed")
    func damaged() throws {
        let folder = try TemporaryFolder()
        try GraphVectors.graph(Self.vectors).snapshot().write(to: folder.file("a"))
        var bytes = try readFile(folder.file("a"))
        bytes[bytes.count - 5000] ^= 1
        try writeFile(bytes, to: folder.file("a"))
        let snapshot = try GraphSnapshot(path: folder.file("a"))
        #expect(throws: VectorIndexError.self) { try GraphIndex(continuing: snapshot) }
    }

    @Test("knows when it has outgrown what was measured")
    func outgrown() throws {
        let index = try GraphVectors.graph(Self.vectors)
        #expect(!index.snapshot().isOutgrown)
        for start in stride(from: 2000, to: 3000, by: 500) {
            let ids = (UInt64(start)..<UInt64(start) + 500).map { $0 }
            try index.add(
                ids: ids, vectors: GraphVectors.clustered(500, dimension: 24, seed: UInt64(start)).view)
            try index.commit()
        }
        #expect(index.snapshot().isOutgrown)
        let calibration = try #require(index.snapshot().calibration)
        #expect(calibration.reaches(0.5) && !calibration.reaches(1.1))
        #expect(!(try GraphVectors.graph(GraphVectors.clustered(40, dimension: 8, seed: 3)).snapshot().isOutgrown))
    }
}

extension TemporaryFolder {
    /// The path of a copy.
    fileprivate func file(_ name: String, copying path: String) throws -> String {
        try FileSystem.copyFile(path, to: file(name))
        return file(name)
    }
}
