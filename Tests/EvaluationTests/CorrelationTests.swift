import Evaluation
import Testing

@Suite("Correlations")
struct CorrelationTests {
    static let tolerance = 1e-12

    @Test("equal scipy's on recorded samples with ties")
    func equalScipy() throws {
        try #require(MetricFixtures.correlations.count >= 200)
        for fixture in MetricFixtures.correlations {
            let pairs = [
                (spearman(fixture.first, fixture.second), fixture.spearman),
                (pearson(fixture.first, fixture.second), fixture.pearson),
            ]
            for (found, expected) in pairs {
                if let expected { #expect(abs(found - expected) < Self.tolerance) } else { #expect(found.isNaN) }
            }
        }
    }

    @Test("are undefined for constants, NaN and fewer than two values")
    func undefined() {
        #expect(pearson([0.1, 0.1, 0.1], [1, 2, 3]).isNaN)
        #expect(spearman([1, 2, 3], [7, 7, 7]).isNaN)
        #expect(spearman([1, .nan, 3], [1, 2, 3]).isNaN)
        #expect(pearson([1], [1]).isNaN)
        #expect(spearman([], []).isNaN)
    }

    @Test("reach exactly 1 and -1")
    func bounds() {
        #expect(spearman([1, 2, 3, 4], [10, 20, 40, 80]) == 1)
        #expect(spearman([1, 2, 3, 4], [4, 3, 2, 1]) == -1)
        #expect(pearson([1, 2, 3], [-1, -2, -3]) == -1)
    }
}
