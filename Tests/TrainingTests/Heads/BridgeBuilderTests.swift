import LowRank
import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("Bridges between spaces")
struct BridgeBuilderTests {
    /// Vectors by an old encoder, and what a new one makes of the same texts.
    private func vectors(
        _ count: Int, width: Int = 24, seed: UInt64, noise: Float = 0, map: AffineMap
    ) -> VectorsInTwoSpaces {
        let old = unitMatrix(count, width, seed: seed)
        var new = map(old.view)
        add(normalMatrix(count, map.weight.rows, seed: seed + 1, scale: noise).view, to: &new)
        _ = normalizeRows(&new)
        return VectorsInTwoSpaces(old: old, new: new)
    }

    private func rotation(_ width: Int) throws -> AffineMap {
        AffineMap(weight: try QRDecomposition(normalMatrix(width, width, seed: 50).view).q)
    }

    @Test("across a rotation everything is found, both ways, and nothing without the bridge")
    func rotated() throws {
        let map = try rotation(24)
        let built = try BridgeBuilder(
            documents: vectors(400, seed: 1, map: map), queries: vectors(100, seed: 3, map: map)
        ).build()
        #expect(built.queries.form == .procrustes && built.documents.form == .procrustes)
        #expect(built.queryRecall.recall > 0.99 && built.documentRecall.recall > 0.99)
        // Old queries in the old index find what new ones find in the new: a rotation changes no neighbours.
        #expect(built.queryRecall.withoutBridge > 0.99)
        #expect(built.queryRecall.queries == 10 && built.queryRecall.documents == 400)
        // From the new space to the old is the rotation back.
        var round = Matrix<Float>(rows: 24, columns: 24)
        multiply(built.queries.map.weight.view, built.documents.map.weight.view, into: &round)
        #expect(largestDifference(round.elements(), AffineMap.identity(24).weight.elements()) < 1e-4)
    }

    @Test("a space that was stretched and moved needs more than a rotation, and gets it")
    func stretched() throws {
        var map = try rotation(24)
        for i in 0..<24 {
            map.weight.setRow(i, to: map.weight.row(i).map { $0 * (i < 4 ? 3 : 0.6) })
            map.bias[i] = i == 7 ? 0.5 : 0
        }
        let documents = vectors(1500, seed: 5, noise: 0.01, map: map)
        let queries = vectors(300, seed: 7, noise: 0.01, map: map)
        let built = try BridgeBuilder(documents: documents, queries: queries).build()
        guard case .lowRank = built.documents.form else {
            Issue.record("\(built.documents.form)")
            return
        }
        #expect(built.documentRecall.recall > built.documentRecall.withoutBridge + 0.05)
        #expect(built.queries.form == .trained)
        // Queries alone cannot stretch the documents that they are held against.
        #expect(built.queryRecall.recall < built.documentRecall.recall)
        for recall in [built.queryRecall, built.documentRecall] {
            #expect(recall.interval.contains(recall.recall) && recall.interval.lowerBound < recall.interval.upperBound)
        }
    }

    @Test("the expected recall is what other queries then find")
    func statesTheTruth() throws {
        let map = try rotation(16)
        let documents = vectors(800, width: 16, seed: 9, noise: 0.12, map: map)
        let built = try BridgeBuilder(
            documents: documents, queries: vectors(1000, width: 16, seed: 11, noise: 0.12, map: map)
        ).build()
        let later = vectors(500, width: 16, seed: 13, noise: 0.12, map: map)
        var sum = 0.0
        let mapped = built.queries.head(later.new.view)
        for query in 0..<500 {
            func nearest(_ vector: [Float], _ all: Matrix<Float>) -> Set<Int> {
                var scores = Matrix<Float>(uninitializedRows: 1, columns: 800)
                multiply(
                    Matrix(rowsOf: [vector]).view, all.view, transposingSecond: true, into: &scores)
                let row = scores.row(0)
                return Set((0..<800).sorted { row[$0] > row[$1] }.prefix(10))
            }
            let truth = nearest(later.new.row(query), documents.new)
            sum += Double(truth.intersection(nearest(mapped.row(query), documents.old)).count) / 10
        }
        let found = sum / 500
        // Both are means over hundreds of queries.
        #expect(abs(found - built.queryRecall.recall) < 0.05, "\(found), \(built.queryRecall.recall)")
        #expect(found < 0.97)
    }

    @Test("spaces of other widths are bridged as well")
    func widths() throws {
        let wide = AffineMap(weight: normalMatrix(32, 12, seed: 60))
        let built = try BridgeBuilder(
            documents: vectors(600, width: 12, seed: 15, map: wide),
            queries: vectors(200, width: 12, seed: 17, map: wide)
        ).build()
        #expect(built.documents.map.weight.rows == 32 && built.queries.map.weight.rows == 12)
        #expect(built.documentRecall.recall > 0.9)
    }

    @Test("the same vectors give the same maps on one thread and on two")
    func threads() throws {
        let map = try rotation(16)
        func build(_ threads: Int) throws -> BuiltBridge {
            try ThreadPool.withWidth(threads) {
                try BridgeBuilder(
                    documents: vectors(1200, width: 16, seed: 19, noise: 0.1, map: map),
                    queries: vectors(100, width: 16, seed: 21, noise: 0.1, map: map)
                ).build()
            }
        }
        let (one, two) = (try build(1), try build(2))
        #expect(one.queries == two.queries && one.documents == two.documents && one.queryRecall == two.queryRecall)
    }

    @Test("refuses too few texts, and stops when it is told to")
    func refuses() throws {
        let map = try rotation(8)
        #expect(
            errorMessage {
                try BridgeBuilder(
                    documents: vectors(50, width: 8, seed: 23, map: map),
                    queries: vectors(19, width: 8, seed: 25, map: map))
            } == "a bridge: 19 queries and 50 documents, at least 20 and 11 expected")
        let builder = try BridgeBuilder(
            documents: vectors(50, width: 8, seed: 23, map: map), queries: vectors(40, width: 8, seed: 25, map: map))
        #expect(errorMessage { try builder.build { true } }?.hasPrefix("interrupted") == true)
    }
}
