import Files
import TestSupport
import Testing
import VectorIndex
import VectorMath

@Suite("Index files")
struct IndexFileTests {
    @Test("are read as they were written", arguments: Metric.allCases, [0, 1, 3, 700])
    func roundTrip(metric: Metric, count: Int) throws {
        let folder = try TemporaryFolder()
        let vectors = TestVectors.random(count, dimension: 37, seed: 1)
        let snapshot = try TestVectors.index(vectors, ids: TestVectors.ids(count, seed: 2), metric: metric)
        try snapshot.write(to: folder.file("a"), tag: Array("what it is".utf8))
        let read = try ExactSnapshot(path: folder.file("a"))
        #expect(read.metric == metric)
        #expect(read.dimension == 37)
        #expect(read.count == count)
        #expect(read.tag == Array("what it is".utf8))
        #expect(try read.ids() == snapshot.ids())
        for id in try read.ids() { #expect(try read.vector(of: id) == snapshot.vector(of: id)) }
        let queries = TestVectors.random(4, dimension: 37, seed: 3)
        #expect(try read.search(queries.view, k: 20) == snapshot.search(queries.view, k: 20))
        try read.verify()
    }

    @Test("are the same bytes for the same content, however it came about")
    func canonical() throws {
        let folder = try TemporaryFolder()
        let vectors = TestVectors.random(300, dimension: 10, seed: 4)
        let ids = TestVectors.ids(300, seed: 5)
        let atOnce = try TestVectors.index(vectors, ids: ids, metric: .cosine)
        let index = ExactIndex(dimension: 10, metric: .cosine)
        for row in (0..<300).reversed() {
            try index.add(ids: [ids[row], 1], vectors: Matrix<Float>(rowsOf: [vectors.row(row), vectors.row(0)]).view)
            if row % 17 == 0 { try index.commit() }
        }
        try index.delete(ids: [1])
        try index.commit()
        try atOnce.write(to: folder.file("a"))
        try index.snapshot().write(to: folder.file("b"))
        #expect(try readFile(folder.file("a")) == readFile(folder.file("b")))
    }

    @Test("of format 1 are still read", arguments: Metric.allCases)
    func golden(metric: Metric) throws {
        let snapshot = try ExactSnapshot(path: SharedData.fixtures + "/index/format1-\(metric.rawValue).index")
        try snapshot.verify()
        #expect(snapshot.metric == metric)
        #expect(snapshot.tag == GoldenIndex.tag)
        #expect(try snapshot.ids() == GoldenIndex.ids.sorted())
        let expected = try TestVectors.index(GoldenIndex.vectors, ids: GoldenIndex.ids, metric: metric)
        for id in GoldenIndex.ids { #expect(try snapshot.vector(of: id) == expected.vector(of: id)) }
        #expect(try snapshot.search(GoldenIndex.query, k: 7) == expected.search(GoldenIndex.query, k: 7))
    }

    @Test("of format 1 are still written, byte for byte", arguments: Metric.allCases)
    func writesGolden(metric: Metric) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        try TestVectors.index(GoldenIndex.vectors, ids: GoldenIndex.ids, metric: metric)
            .write(to: path, tag: GoldenIndex.tag)
        let name = "/index/format1-\(metric.rawValue).index"
        #expect(try readFile(path) == readFile(SharedData.fixtures + name))
    }

    // MARK: What is no index

    @Test("are refused when they are something else")
    func somethingElse() throws {
        let folder = try TemporaryFolder()
        for content in [
            "", "A", "ATTUNEV", "SQLite format 3\0 and more than sixty-four bytes of whatever else it may be.....",
        ] {
            try writeFile(content, to: folder.file("a"))
            #expect(throws: VectorIndexError.notAnIndex(path: folder.file("a"))) {
                try ExactSnapshot(path: folder.file("a"))
            }
        }
    }

    @Test("are refused when they are missing or a folder")
    func missing() throws {
        let folder = try TemporaryFolder()
        #expect(throws: VectorIndexError.self) { try ExactSnapshot(path: folder.file("none")) }
        #expect(throws: VectorIndexError.self) { try ExactSnapshot(path: folder.path) }
    }

    @Test("of a later format are refused by its number")
    func laterFormat() throws {
        let folder = try TemporaryFolder()
        var bytes = try DamagedFiles.small(in: folder)
        bytes[8] = 4
        DamagedFiles.sealHeader(&bytes)
        try writeFile(bytes, to: folder.file("b"))
        #expect(throws: VectorIndexError.unsupportedVersion(path: folder.file("b"), found: 4, supported: 3)) {
            try ExactSnapshot(path: folder.file("b"))
        }
    }
}
