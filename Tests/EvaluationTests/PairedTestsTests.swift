import Evaluation
import Testing
import VectorMath

@Suite("Paired tests")
struct PairedTestsTests {
    /// Four standard errors of a share estimated from 40 000 draws, at its worst.
    static let errorOfP = 0.01

    @Test("agree with scipy's exact sign-flip test and its bootstrap")
    func equalScipy() throws {
        try #require(MetricFixtures.paired.count >= 20)
        for fixture in MetricFixtures.paired {
            let p = pairedRandomizationTest(fixture.first, fixture.second, permutations: 40_000, seed: 1)
            #expect(abs(p - fixture.p) < Self.errorOfP)
            let differences = zip(fixture.first, fixture.second).map { $1 - $0 }
            let interval = bootstrapInterval(differences, samples: 40_000, seed: 1)
            // The means of few values lie on a lattice: chance may move a quantile by one draw of the largest difference.
            let scale = (differences.map(abs).max() ?? 0) / Double(differences.count) + 1e-12
            #expect(abs(interval.lowerBound - fixture.low) < scale)
            #expect(abs(interval.upperBound - fixture.high) < scale)
        }
    }

    @Test("give the same numbers for the same seed")
    func deterministic() {
        let (a, b) = Self.samples(count: 150, shift: 0.02, seed: 1)
        #expect(pairedRandomizationTest(a, b, seed: 5) == pairedRandomizationTest(a, b, seed: 5))
        #expect(pairedRandomizationTest(a, b, seed: 5) != pairedRandomizationTest(a, b, seed: 6))
        #expect(bootstrapInterval(a, seed: 5) == bootstrapInterval(a, seed: 5))
        #expect(bootstrapInterval(a, seed: 5) != bootstrapInterval(a, seed: 6))
    }

    @Test("do not depend on which system comes first")
    func symmetric() {
        let (a, b) = Self.samples(count: 80, shift: 0.05, seed: 2)
        #expect(pairedRandomizationTest(a, b) == pairedRandomizationTest(b, a))
    }

    @Test("find no difference where there is none, and one where all values rise")
    func extremes() {
        let values = Self.samples(count: 100, shift: 0, seed: 3).0
        #expect(pairedRandomizationTest(values, values) == 1)
        #expect(pairedRandomizationTest([], []) == 1)
        #expect(pairedRandomizationTest(values, values.map { $0 + 0.1 }, permutations: 999) == 0.001)
        let interval = bootstrapInterval([0.25, 0.25, 0.25])
        #expect(interval == 0.25...0.25)
        #expect(bootstrapInterval([0.3], samples: 1) == 0.3...0.3)
    }

    @Test("reject a true null hypothesis about as often as the level says")
    func errorRate() {
        var rejections = 0
        var misses = 0
        for seed in 0..<400 as Range<UInt64> {
            let (a, b) = Self.samples(count: 40, shift: 0, seed: 1000 + seed)
            if pairedRandomizationTest(a, b, permutations: 500, seed: seed) <= 0.05 { rejections += 1 }
            if !bootstrapInterval(zip(a, b).map { $1 - $0 }, samples: 500, seed: seed).contains(0) { misses += 1 }
        }
        // Binomial with 400 draws at 0.05: 20 ± 4 deviations of 4.4. The bootstrap is known to be a little narrow.
        #expect((3...37).contains(rejections))
        #expect((3...48).contains(misses))
    }

    private static func samples(count: Int, shift: Float, seed: UInt64) -> ([Double], [Double]) {
        var generator = RandomGenerator(seed: seed)
        let first = (0..<count).map { _ in Double(generator.uniform()) }
        return (first, first.map { $0 + Double(shift + 0.2 * generator.normal()) })
    }
}
