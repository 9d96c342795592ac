import Files
import TestSupport
import Testing
import VectorMath

@testable import VectorIndex

@Suite("Graph files")
struct GraphFileTests {
    struct Setting: CustomTestStringConvertible {
        var metric: Metric
        var settings: GraphSettings
        var testDescription: String {
            "\(metric.rawValue), \(settings.profile.rawValue)\(settings.keepsVectors ? ", vectors kept" : "")"
        }
    }

    static let settings = Metric.allCases.flatMap { metric in
        GraphProfile.allCases.flatMap { profile in
            [false, true].map {
                Setting(metric: metric, settings: GraphSettings(profile: profile, keepsVectors: $0, seed: 9))
            }
        }
    }

    @Test("are read as they were written", arguments: settings)
    func roundTrip(setting: Setting) throws {
        let folder = try TemporaryFolder()
        var vectors = GraphVectors.clustered(1500, dimension: 70, seed: 60)
        for row in 0..<5 { vectors.setRow(row, to: vectors.row(700)) }
        let index = try GraphVectors.graph(
            vectors, ids: TestVectors.ids(1500, seed: 61), metric: setting.metric, settings: setting.settings)
        index.delete(ids: TestVectors.ids(1500, seed: 61)[100..<120])
        try index.commit()
        let snapshot = index.snapshot()
        try snapshot.write(to: folder.file("a"), tag: Array("what it is".utf8))
        let read = try GraphSnapshot(path: folder.file("a"))
        #expect(read.tag == Array("what it is".utf8))
        #expect(read.count == 1480 && read.metric == setting.metric && read.settings == index.settings)
        #expect(read.guarantee == snapshot.guarantee && read.calibration == snapshot.calibration)
        let queries = GraphVectors.clustered(20, dimension: 70, seed: 62)
        #expect(try read.search(queries.view, k: 12) == snapshot.search(queries.view, k: 12))
        #expect(try read.search(vectors.row(700), k: 6) == snapshot.search(vectors.row(700), k: 6))
        #expect(try read.ids() == snapshot.ids())
        let id = try #require(try read.ids().last)
        #expect(try read.vector(of: id) == snapshot.vector(of: id))
        let some = CandidateSet(try read.ids().prefix(300))
        #expect(try read.search(queries.view, k: 5, among: some) == snapshot.search(queries.view, k: 5, among: some))
        try read.verify()
    }

    @Test("hold an empty graph, and one that became empty")
    func empty() throws {
        let folder = try TemporaryFolder()
        let index = try GraphIndex(creating: folder.file("a"), dimension: 8, metric: .cosine, tag: [7])
        #expect(try GraphSnapshot(path: folder.file("a")).count == 0)
        try index.add(ids: [1, 2], vectors: TestVectors.random(2, dimension: 8, seed: 63).view)
        try index.commit()
        index.delete(ids: [1, 2])
        try index.commit()
        let read = try GraphSnapshot(path: folder.file("a"))
        try read.verify()
        #expect(read.count == 0 && read.tag == [7])
        #expect(try read.search([Float](repeating: 1, count: 8), k: 3).isEmpty)
    }

    @Test("go on from where they were, as the graph in memory does", arguments: [GraphProfile.fast, .small])
    func continues(profile: GraphProfile) throws {
        let folder = try TemporaryFolder()
        let vectors = GraphVectors.clustered(2400, dimension: 40, seed: 64)
        let settings = GraphSettings(profile: profile, keepsVectors: profile == .fast)
        let memory = GraphIndex(dimension: 40, metric: .squaredL2, settings: settings)
        let path = folder.file("a")
        do {
            let index = try GraphIndex(creating: path, dimension: 40, metric: .squaredL2, settings: settings)
            for index in [index, memory] {
                try index.add(ids: (0..<1800).map { $0 }, vectors: vectors.view.rows(0..<1800))
                try index.commit()
            }
            #expect(throws: VectorIndexError.self) { try GraphIndex(path: path) }
        }
        let reader = try GraphSnapshot(path: path)
        let index = try GraphIndex(path: path)
        for index in [index, memory] {
            index.delete(ids: (0..<400).map { $0 * 3 })
            try index.commit()
            try index.add(ids: (1800..<2400).map { $0 }, vectors: vectors.view.rows(1800..<2400))
            try index.commit()
        }
        let read = try GraphSnapshot(path: path)
        try read.verify()
        let queries = vectors.view.rows(0..<50)
        #expect(try read.search(queries, k: 10) == memory.snapshot().search(queries, k: 10))
        #expect(try index.snapshot().search(queries, k: 10) == memory.snapshot().search(queries, k: 10))
        #expect(reader.count == 1800 && read.count == 2000)
        #expect(try reader.search(vectors.row(0), k: 1).first?.id == 0)
    }

    @Test("are the same bytes for the same graph on any number of threads")
    func canonical() throws {
        let folder = try TemporaryFolder()
        let vectors = GraphVectors.clustered(1200, dimension: 33, seed: 65)
        var files: [[UInt8]] = []
        for width in [1, 2, 5] {
            try ThreadPool.withWidth(width) {
                let index = try GraphVectors.graph(vectors, settings: GraphSettings(keepsVectors: true))
                index.delete(ids: [3, 700, 1199])
                try index.commit()
                try index.snapshot().write(to: folder.file("\(width)"))
                files.append(try readFile(folder.file("\(width)")))
            }
        }
        let isSame = files[1] == files[0] && files[2] == files[0]
        #expect(isSame)
    }

    @Test("are refused when they are something else")
    func somethingElse() throws {
        let folder = try TemporaryFolder()
        let exact = try TestVectors.index(
            TestVectors.random(3, dimension: 4, seed: 66), ids: [1, 2, 3], metric: .cosine)
        try exact.write(to: folder.file("exact"))
        #expect(throws: VectorIndexError.notAnIndex(path: folder.file("exact"))) {
            try GraphSnapshot(path: folder.file("exact"))
        }
        let graph = try GraphVectors.graph(TestVectors.random(3, dimension: 4, seed: 66))
        try graph.snapshot().write(to: folder.file("graph"))
        #expect(throws: VectorIndexError.notAnIndex(path: folder.file("graph"))) {
            try ExactSnapshot(path: folder.file("graph"))
        }
        #expect(throws: VectorIndexError.self) { try GraphSnapshot(path: folder.file("missing")) }
        #expect(throws: VectorIndexError.self) {
            try GraphIndex(creating: folder.file("exact"), dimension: 3, metric: .cosine)
        }
    }

    @Test("of format 1 are still read", arguments: Metric.allCases)
    func golden(metric: Metric) throws {
        let snapshot = try GraphSnapshot(path: SharedData.fixtures + "/index/graph1-\(metric.rawValue).index")
        try snapshot.verify()
        #expect(snapshot.metric == metric && snapshot.tag == GoldenIndex.tag)
        let expected = try GoldenIndex.coded(metric)
        #expect(try snapshot.ids() == expected.ids())
        let found = try snapshot.searching(beam: 100).search(GoldenIndex.query, k: 7)
        #expect(try found.map(\.id) == expected.fullScan.search(GoldenIndex.query, k: 7).map(\.id))
    }
}
