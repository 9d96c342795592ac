import Testing
import VectorIndex
import VectorMath

@Suite("Search of partitions among candidates")
struct PartitionFilterTests {
    static let count = 10000
    static let vectors = GraphVectors.clustered(count, dimension: 32, seed: 40)
    static let queries = GraphVectors.clustered(60, dimension: 32, seed: 40, stream: 2)
    static let index = Result { try PartitionSamples.index(vectors) }
    static let exact = Result { try GraphVectors.exact(vectors, metric: .squaredL2) }

    @Test(
        "finds nearly all neighbours among candidates, however few they are",
        arguments: [1, 0.5, 0.2, 0.1, 0.07, 0.05, 0.03, 0.01, 0.001, 0.0001])
    func filters(part: Double) throws {
        var generator = RandomGenerator(seed: 41)
        let candidates = CandidateSet((0..<UInt64(Self.count)).filter { _ in generator.uniformDouble() < part })
        let truth = try Self.exact.get().search(Self.queries.view, k: 10, among: candidates)
        let snapshot = try Self.index.get().snapshot().searching(probes: 12)
        let plain = GraphVectors.recall(
            try snapshot.search(Self.queries.view, k: 10),
            of: try Self.exact.get().search(Self.queries.view, k: 10), metric: .squaredL2)
        let found = try snapshot.search(Self.queries.view, k: 10, among: candidates)
        for (found, truth) in zip(found, truth) {
            #expect(found.count == truth.count)
            #expect(found.allSatisfy { candidates.contains($0.id) })
        }
        #expect(GraphVectors.recall(found, of: truth, metric: .squaredL2) >= 0.99 * plain)
    }

    @Test(
        "finds among candidates that are alike no less than among all, be the query one of them or outside",
        arguments: [0.5, 0.3, 0.2, 0.1])
    func alike(part: Double) throws {
        let queries = GraphVectors.clustered(200, dimension: 32, seed: 40, stream: 2)
        let (snapshot, exact) = (try Self.index.get().snapshot().searching(probes: 12), try Self.exact.get())
        func recall(among candidates: CandidateSet?) throws -> Double {
            GraphVectors.recall(
                try snapshot.search(queries.view, k: 10, among: candidates),
                of: try exact.search(queries.view, k: 10, among: candidates), metric: .squaredL2)
        }
        let nearest = try exact.search(Self.vectors.row(0), k: Int(part * Double(Self.count)))
        #expect(try recall(among: CandidateSet(nearest.map(\.id))) >= recall(among: nil))
    }

    @Test("finds candidates that lie far from the query")
    func farCandidates() throws {
        // Those that are farthest from the first query.
        let query = Self.queries.row(0)
        let order = try Self.exact.get().search(query, k: Self.count).map(\.id)
        let candidates = CandidateSet(order.suffix(3000))
        let truth = try Self.exact.get().search(query, k: 10, among: candidates)
        let found = try Self.index.get().snapshot().search(query, k: 10, among: candidates)
        #expect(GraphVectors.recall([found], of: [truth], metric: .squaredL2) >= 0.9)
    }

    @Test("passes over candidates that are not there")
    func unknown() throws {
        let snapshot = try Self.index.get().snapshot()
        #expect(try snapshot.search(Self.queries.row(0), k: 5, among: [1_000_000, 2_000_000]).isEmpty)
        #expect(try snapshot.search(Self.queries.row(0), k: 5, among: []).isEmpty)
        #expect(try snapshot.search(Self.queries.row(0), k: 5, among: [3, 1_000_000]).map(\.id) == [3])
    }

    @Test("returns those of equal vectors only that are candidates")
    func twins() throws {
        var vectors = TestVectors.random(100, dimension: 8, seed: 42)
        for row in 1..<6 { vectors.setRow(row, to: vectors.row(0)) }
        let snapshot = try PartitionSamples.index(vectors).snapshot()
        #expect(try snapshot.search(vectors.row(0), k: 10, among: [1, 4, 50]).map(\.id) == [1, 4, 50])
    }
}

@Suite("Recall that is asked of partitions")
struct PartitionCalibrationTests {
    @Test("is reached on queries that nobody measured", arguments: [0.9, 0.95, 0.99], Metric.allCases)
    func reached(recall: Double, metric: Metric) throws {
        let vectors = GraphVectors.clustered(8000, dimension: 40, seed: 50)
        let queries = GraphVectors.clustered(300, dimension: 40, seed: 50, stream: 2)
        let snapshot = try PartitionSamples.index(vectors, metric: metric).snapshot().searching(recall: recall)
        let truth = try GraphVectors.exact(vectors, metric: metric).search(queries.view, k: 10)
        let hits = zip(try snapshot.search(queries.view, k: 10), truth).reduce(0) { hits, pair in
            hits + Set(pair.0.map(\.id)).intersection(pair.1.map(\.id)).count
        }
        let found = Double(hits) / 3000
        // Two samples, of 2,560 and of 3,000 neighbours that come ten at a time.
        #expect(found >= recall - 0.02)
        guard case .approximate(let stated?) = snapshot.guarantee else {
            Issue.record("\(snapshot.guarantee)")
            return
        }
        #expect(stated >= recall)
    }

    @Test("has an interval around each measured recall, and more probes find more")
    func points() throws {
        let vectors = GraphVectors.clustered(5000, dimension: 40, seed: 51)
        let index = try PartitionSamples.index(vectors)
        let calibration = try #require(index.snapshot().calibration)
        #expect(calibration.k == 10 && calibration.queryCount == 256)
        #expect(calibration.points.map(\.effort) == calibration.points.map(\.effort).sorted())
        for point in calibration.points {
            #expect(point.lower < point.recall && point.recall < point.upper || point.recall == 1)
            #expect(point.upper - point.lower < 0.05)
        }
        #expect(try #require(calibration.points.last).recall > 0.99)
        #expect(calibration.effort(recall: 0.5) <= calibration.effort(recall: 0.99))
        // Those that were held out are in it.
        let found = try index.snapshot().searching(probes: 64).search(vectors.view, k: 1)
        #expect(found.enumerated().count { $0.element.first?.id != UInt64($0.offset) } == 0)
    }

    @Test("is measured again when the index has doubled", arguments: [PartitionSettings.fast, .small])
    func grows(settings: PartitionSettings) throws {
        let vectors = GraphVectors.clustered(9000, dimension: 40, seed: 53)
        let queries = GraphVectors.clustered(300, dimension: 40, seed: 53, stream: 2)
        let index = PartitionIndex(dimension: 40, metric: .squaredL2, settings: settings)
        var measured: [Int] = []
        for rows in [0..<1500, 1500..<2000, 2000..<9000] {
            try index.add(ids: rows.map { UInt64($0) }, vectors: vectors.view.rows(rows))
            try index.commit()
            measured.append(try #require(index.snapshot().calibration).vectorCount)
        }
        #expect(measured == [1500 - 187, 1500 - 187, 9000 - 256])
        let calibration = try #require(index.snapshot().calibration)
        #expect((0.8...1).contains(calibration.keptRecall))
        let truth = try GraphVectors.exact(vectors, metric: .squaredL2).search(queries.view, k: 10)
        let target = 0.95 * calibration.keptRecall
        let found = try index.snapshot().search(queries.view, k: 10, recall: target)
        let hits = zip(found, truth).reduce(0) { hits, pair in
            hits + Set(pair.0.map(\.id)).intersection(pair.1.map(\.id)).count
        }
        #expect(Double(hits) / 3000 >= target - 0.02)
    }

    @Test("of an index too small to measure is left to the caller")
    func small() throws {
        let snapshot = try PartitionSamples.index(GraphVectors.clustered(500, dimension: 8, seed: 52)).snapshot()
        #expect(snapshot.calibration == nil)
        #expect(snapshot.searching(probes: 7).probes == 7)
    }
}
