import Glibc
import Testing
import VectorMath

@testable import VectorIndex

@Suite("The bound of codes")
struct CodeBoundTests {
    /// Deviations that a counted share may exceed the stated one by.
    static let slack = 5.0

    /// How many of all pairs of a query and a row a bound rules out at the very score that the row has.
    static func missed(
        _ data: SearchData, metric: Metric, deviations: Double, queries limit: Int
    ) throws -> (count: Int, pairs: Int) {
        let snapshot = try TestVectors.index(
            data.vectors, ids: Array(0..<UInt64(data.vectors.rows)), metric: metric, codes: .always)
        let segment = snapshot.segments[0]
        let codes = try #require(segment.codes)
        let some = data.queries.view.rows(0..<min(limit, data.queries.rows))
        let queries = try VectorCheck.prepared(some, metric: metric, dimension: snapshot.dimension)
        var missed = 0
        for row in 0..<queries.rows {
            let scores = try snapshot.fullScan.search(data.queries.row(row), k: data.vectors.rows)
            let query = queries.row(row)
            var coded = query.withUnsafeBufferPointer {
                CodedQuery($0.baseAddress!, encoding: codes.encoding, deviations: deviations)
            }
            for neighbour in scores {
                coded.ask(for: metric.largerIsNearer ? neighbour.score : -neighbour.score)
                let place = Int(neighbour.id)
                var (found, reach): (UInt32, Float) = (0, 0)
                let bit: UInt32 = 1 << UInt32(place % 32)
                let kept = codes.blocks.withUnsafePointer { base in
                    withUnsafePointer(to: bit) {
                        coded.test.scan(
                            base + place / 32 * codes.blocks.stride, count: place % 32 + 1, eligible: $0, rows: &found,
                            reaches: &reach)
                    }
                }
                missed += 1 - kept
            }
        }
        return (missed, data.vectors.rows * queries.rows)
    }

    static func tail(_ deviations: Double) -> Double { erfc(deviations / 2.squareRoot()) / 2 }

    @Test("says the probability of a miss")
    func missRate() {
        #expect(abs(CodeBound.missRate / Self.tail(CodeBound.deviations) - 1) < 0.01)
    }

    @Test("rules no vector out at its own score, at the deviations that a search allows", arguments: Metric.allCases)
    func holds(metric: Metric) throws {
        var pairs = 0
        for data in SearchData.all {
            let (missed, count) = try Self.missed(data, metric: metric, deviations: CodeBound.deviations, queries: 8)
            #expect(missed == 0, "\(data.testDescription)")
            pairs += count
        }
        #expect(pairs > 400_000)
    }

    @Test(
        "holds as often as the normal distribution says at fewer deviations", arguments: [1.0, 2, 3],
        ["random, 5000 × 64", "clustered, 6000 × 100", "few coordinates, 4000 × 200"])
    func rate(deviations: Double, name: String) throws {
        let data = try #require(SearchData.all.first { $0.testDescription == name })
        for metric in Metric.allCases {
            let (missed, pairs) = try Self.missed(data, metric: metric, deviations: deviations, queries: 15)
            let share = Double(missed) / Double(pairs)
            // Pairs of one row or query err together: as if each were a tenth of a pair.
            let deviation = (10 * Self.tail(deviations) / Double(pairs)).squareRoot()
            #expect(share <= Self.tail(deviations) + Self.slack * deviation, "\(metric.rawValue): \(share)")
            // A bound that hardly ever fails where it may would rule little out. Rounding tables costs some of it.
            #expect(share >= Self.tail(deviations) / 4 - Self.slack * deviation, "\(metric.rawValue): \(share)")
        }
    }
}
