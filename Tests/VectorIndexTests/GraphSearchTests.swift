import TestSupport
import Testing
import VectorIndex
import VectorMath

@Suite("Graph search")
struct GraphSearchTests {
    struct Setting: CustomTestStringConvertible {
        var metric: Metric
        var profile: GraphProfile
        var keepsVectors: Bool
        var testDescription: String { "\(metric.rawValue), \(profile.rawValue)\(keepsVectors ? ", vectors kept" : "")" }
    }

    static let settings = Metric.allCases.flatMap { metric in
        GraphProfile.allCases.flatMap { profile in
            [false, true].map { Setting(metric: metric, profile: profile, keepsVectors: $0) }
        }
    }

    @Test("finds nearly all neighbours of clustered vectors", arguments: settings)
    func recall(setting: Setting) throws {
        let vectors = GraphVectors.clustered(6000, dimension: 48, seed: 1)
        let queries = GraphVectors.clustered(100, dimension: 48, seed: 1, stream: 2)
        let truth = try GraphVectors.exact(vectors, metric: setting.metric).search(queries.view, k: 10)
        let settings = GraphSettings(profile: setting.profile, keepsVectors: setting.keepsVectors)
        let snapshot = try GraphVectors.graph(vectors, metric: setting.metric, settings: settings).snapshot()
        let found = try snapshot.searching(beam: 100).search(queries.view, k: 10)
        // Bytes alone change the order of neighbours that are almost as near as one another.
        // Lengths that differ much make inner products harder to estimate.
        let floor =
            setting.metric == .innerProduct ? 0.94 : setting.profile == .small && !setting.keepsVectors ? 0.95 : 0.98
        #expect(GraphVectors.recall(found, of: truth, metric: setting.metric) >= floor)
        let narrow = try snapshot.searching(beam: 10).search(queries.view, k: 10)
        #expect(
            GraphVectors.recall(narrow, of: truth, metric: setting.metric)
                <= GraphVectors.recall(found, of: truth, metric: setting.metric))
    }

    @Test("finds as much where vectors came sorted by topic as where they came mixed")
    func sorted() throws {
        let (topics, size, dimension) = (10, 1600, 32)
        func stacked(_ count: Int, stream: UInt64, row: (_ topic: Int, _ place: Int) -> Int) -> Matrix<Float> {
            var vectors = Matrix<Float>(rows: topics * count, columns: dimension)
            for topic in 0..<topics {
                let seed = 61 + UInt64(topic)
                let own = GraphVectors.clustered(count, dimension: dimension, clusters: 3, seed: seed, stream: stream)
                for place in 0..<count { vectors.setRow(row(topic, place), to: own.row(place)) }
            }
            return vectors
        }
        let queries = stacked(50, stream: 2) { $0 * 50 + $1 }
        let recalls = try [
            stacked(size, stream: 1) { $0 * size + $1 }, stacked(size, stream: 1) { $1 * topics + $0 },
        ].map { vectors in
            let truth = try GraphVectors.exact(vectors, metric: .squaredL2).search(queries.view, k: 10)
            let found = try GraphVectors.graph(vectors).snapshot().searching(beam: 24).search(queries.view, k: 10)
            return GraphVectors.recall(found, of: truth, metric: .squaredL2, slack: 0)
        }
        #expect(recalls[0] >= recalls[1] - 0.005, "sorted and mixed: \(recalls)")
    }

    @Test("gives scores that are exact where vectors are kept, and near where they are not", arguments: settings)
    func scores(setting: Setting) throws {
        let vectors = GraphVectors.clustered(2000, dimension: 40, seed: 3)
        let ids = TestVectors.ids(2000, seed: 4)
        let reference = ReferenceIndex(vectors, ids: ids, metric: setting.metric)
        let settings = GraphSettings(profile: setting.profile, keepsVectors: setting.keepsVectors)
        let snapshot = try GraphVectors.graph(vectors, ids: ids, metric: setting.metric, settings: settings).snapshot()
        let query = GraphVectors.clustered(1, dimension: 40, seed: 3, stream: 2).row(0)
        let size = vectors.row(0).reduce(0.0) { $0 + Double($1 * $1) }
        let unit = setting.metric == .cosine ? 1 : size
        let tolerance = setting.keepsVectors ? 2e-6 : setting.profile == .fast ? 2e-3 : 2e-2
        let found = try snapshot.search(query, k: 20)
        #expect(found.count == 20)
        for neighbour in found {
            let expected = reference.score(query, try #require(reference.vectors[neighbour.id]))
            #expect(abs(Double(neighbour.score) - expected) < tolerance * unit, "\(neighbour)")
        }
        let scores = found.map { setting.metric.largerIsNearer ? -$0.score : $0.score }
        #expect(scores == scores.sorted())
    }

    @Test("tells apart what lies close together far from everything else", arguments: [Metric.squaredL2, .cosine])
    func tightClusters(metric: Metric) throws {
        var generator = RandomGenerator(seed: 17)
        let centres = TestVectors.random(60, dimension: 96, seed: 18)
        var vectors = Matrix<Float>(rows: 3000, columns: 96)
        for row in 0..<3000 {
            vectors.setRow(row, to: centres.row(row % 60).map { $0 + 0.004 * generator.normal() })
        }
        let settings = GraphSettings(keepsVectors: true)
        let snapshot = try GraphVectors.graph(vectors, metric: metric, settings: settings).snapshot()
        let found = try snapshot.searching(beam: 16).search(vectors.view, k: 1)
        let missed = found.enumerated().count { $0.element.first?.id != UInt64($0.offset) }
        #expect(missed == 0)
        let truth = try GraphVectors.exact(vectors, metric: metric).search(vectors.view.rows(0..<200), k: 10)
        let near = try snapshot.searching(beam: 32).search(vectors.view.rows(0..<200), k: 10)
        #expect(GraphVectors.recall(near, of: truth, metric: metric, slack: 1e-6) >= 0.95)
    }

    @Test("tells others apart where a few vectors are enormous")
    func outliers() throws {
        var vectors = GraphVectors.clustered(3000, dimension: 32, seed: 19)
        for row in 0..<3 { vectors.setRow(row, to: vectors.row(row).map { $0 * 1e12 }) }
        let snapshot = try GraphVectors.graph(vectors).snapshot().searching(beam: 64)
        let found = try snapshot.search(vectors.view.rows(3..<3000), k: 1)
        let missed = found.enumerated().count { $0.element.first?.id != UInt64($0.offset + 3) }
        #expect(missed == 0)
    }

    @Test("works in every dimension", arguments: [1, 2, 3, 5, 17, 31, 63, 64, 65, 100, 127, 128, 129, 130, 700, 8192])
    func dimensions(dimension: Int) throws {
        let count = dimension > 1000 ? 300 : 1500
        let vectors = TestVectors.random(count, dimension: dimension, seed: 5)
        for metric in dimension == 1 ? [.squaredL2] : Metric.allCases {
            let truth = try GraphVectors.exact(vectors, metric: metric).search(vectors.view.rows(0..<30), k: 5)
            let snapshot = try GraphVectors.graph(vectors, metric: metric).snapshot().searching(beam: 200)
            let found = try snapshot.search(vectors.view.rows(0..<30), k: 5)
            // Random directions of random lengths are the hardest there is for codes; in one dimension half precision does
            // not tell neighbours apart.
            let floor = metric == .innerProduct ? 0.75 : dimension == 1 ? 0.9 : 0.95
            #expect(GraphVectors.recall(found, of: truth, metric: metric) >= floor, "\(metric)")
        }
    }

    @Test("returns K neighbours, or all there are", arguments: [1, 2, 10, 100, 999, 1000, 5000])
    func numbers(k: Int) throws {
        let vectors = GraphVectors.clustered(1500, dimension: 20, seed: 6)
        let snapshot = try GraphVectors.graph(vectors).snapshot()
        let found = try snapshot.search(vectors.row(7), k: k)
        #expect(found.count == min(k, 1500))
        #expect(Set(found.map(\.id)).count == found.count)
        #expect(found.first?.id == 7)
    }

    @Test("holds any number of vectors", arguments: [0, 1, 2, 31, 32, 33, 34, 511, 512, 513, 1100])
    func counts(count: Int) throws {
        let vectors = TestVectors.random(count, dimension: 24, seed: 7)
        let index = GraphIndex(dimension: 24, metric: .squaredL2)
        try index.add(ids: (0..<UInt64(count)).map { $0 }, vectors: vectors.view)
        try index.commit()
        let snapshot = index.snapshot().searching(beam: 64)
        #expect(snapshot.count == count)
        for row in 0..<count { #expect(try snapshot.search(vectors.row(row), k: 1).first?.id == UInt64(row)) }
        #expect(try snapshot.search([Float](repeating: 0, count: 24), k: 2000).count == count)
    }

    @Test("finds every id of equal vectors, lowest first", arguments: Metric.allCases)
    func equalVectors(metric: Metric) throws {
        let vector = TestVectors.random(1, dimension: 24, seed: 8).row(0)
        let vectors = Matrix<Float>(rowsOf: [[Float]](repeating: vector, count: 2500))
        let ids = TestVectors.ids(2500, seed: 9)
        let snapshot = try GraphVectors.graph(vectors, ids: ids, metric: metric).snapshot()
        #expect(snapshot.count == 2500)
        #expect(try snapshot.search(vector, k: 40).map(\.id) == Array(ids.sorted().prefix(40)))
        #expect(try snapshot.search(vector, k: 9999).map(\.id) == ids.sorted())
    }

    @Test("takes zero vectors, and queries that are zero or far away", arguments: Metric.allCases)
    func extremes(metric: Metric) throws {
        var vectors = TestVectors.random(700, dimension: 16, seed: 12)
        vectors.setRow(0, to: [Float](repeating: 0, count: 16))
        vectors.setRow(1, to: [Float](repeating: 0, count: 16))
        vectors.setRow(2, to: [Float](repeating: 1e15, count: 16))
        vectors.setRow(3, to: [Float](repeating: 1e-20, count: 16))
        let snapshot = try GraphVectors.graph(vectors, metric: metric).snapshot()
        for query in [0, 1e-30, 1, 1e18] as [Float] {
            let found = try snapshot.search([Float](repeating: query, count: 16), k: 700)
            #expect(found.count == 700)
            #expect(found.allSatisfy { $0.score.isFinite })
        }
    }

    @Test("refuses what is no vector of the index")
    func badInput() throws {
        let index = GraphIndex(dimension: 4, metric: .squaredL2)
        let vectors = TestVectors.random(3, dimension: 4, seed: 13)
        #expect(throws: VectorIndexError.countMismatch(ids: 2, vectors: 3)) {
            try index.add(ids: [1, 2], vectors: vectors.view)
        }
        #expect(throws: VectorIndexError.wrongDimension(expected: 4, found: 5)) {
            try index.add(ids: [1], vectors: TestVectors.random(1, dimension: 5, seed: 14).view)
        }
        #expect(throws: VectorIndexError.notFinite(row: 1)) {
            try index.add(ids: [1, 2], vectors: Matrix(rowsOf: [[1, 2, 3, 4], [1, .nan, 3, 4]]).view)
        }
        try index.add(ids: [1, 2, 3], vectors: vectors.view)
        try index.commit()
        #expect(throws: VectorIndexError.notFinite(row: 0)) {
            try index.snapshot().search([1, 2, .infinity, 4], k: 1)
        }
        #expect(throws: VectorIndexError.wrongDimension(expected: 4, found: 3)) {
            try index.snapshot().search([1, 2, 3], k: 1)
        }
    }

    @Test("gives back its vectors", arguments: settings)
    func vectors(setting: Setting) throws {
        let vectors = GraphVectors.clustered(600, dimension: 33, seed: 15)
        let settings = GraphSettings(profile: setting.profile, keepsVectors: setting.keepsVectors)
        let snapshot = try GraphVectors.graph(vectors, metric: setting.metric, settings: settings).snapshot()
        let exact = try GraphVectors.exact(vectors, metric: setting.metric)
        for id in [0, 17, 599] as [UInt64] {
            let (found, expected) = (try #require(try snapshot.vector(of: id)), try #require(try exact.vector(of: id)))
            let length = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let tolerance = setting.keepsVectors ? 0 : setting.profile == .fast ? 1e-3 : 2e-2
            #expect(
                difference(found, expected, within: Tolerance(absolute: tolerance * Double(length))) == nil)
        }
        #expect(try snapshot.vector(of: 600) == nil)
        #expect(try snapshot.contains(0) && !snapshot.contains(600))
        #expect(try snapshot.ids() == (0..<600).map { $0 })
    }

    @Test("finds nearly everything within a radius", arguments: [Metric.squaredL2, .cosine])
    func radius(metric: Metric) throws {
        let vectors = GraphVectors.clustered(3000, dimension: 24, seed: 16)
        let settings = GraphSettings(keepsVectors: true)
        let snapshot = try GraphVectors.graph(vectors, metric: metric, settings: settings).snapshot()
        let exact = try GraphVectors.exact(vectors, metric: metric)
        for row in [0, 5, 90] {
            let near = try exact.search(vectors.row(row), k: 150)
            let radius = near[149].score
            let found = try snapshot.search(vectors.row(row), within: radius)
            #expect(found.count >= 135 && found.count <= 150)
            #expect(found.allSatisfy { metric.largerIsNearer ? $0.score >= radius : $0.score <= radius })
        }
        #expect(try snapshot.search(vectors.row(0), within: metric == .cosine ? -2 : 1e30).count == 3000)
    }
}
