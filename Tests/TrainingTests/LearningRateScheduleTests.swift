import Testing

@testable import Training

@Suite("Learning rate schedule")
struct LearningRateScheduleTests {
    /// What transformers 5.23 gives for the same arguments, in float64.
    static let tolerance = 1e-15

    struct Recorded: Sendable, CustomTestStringConvertible {
        let shape: LearningRateSchedule.Shape
        let warmup: Int
        let factors: [Double]
        var testDescription: String { "\(shape) after \(warmup)" }
    }

    static let recorded = [
        Recorded(
            shape: .linear, warmup: 0, factors: [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0, 0.0]),
        Recorded(
            shape: .cosine, warmup: 0,
            factors: [
                1.0, 0.9755282581475768, 0.9045084971874737, 0.7938926261462366, 0.6545084971874737, 0.5,
                0.34549150281252633, 0.2061073738537635, 0.09549150281252633, 0.024471741852423234, 0.0,
                0.024471741852423234,
            ]),
        Recorded(shape: .constant, warmup: 0, factors: Array(repeating: 1.0, count: 12)),
        Recorded(
            shape: .linear, warmup: 3,
            factors: [
                0.0, 0.3333333333333333, 0.6666666666666666, 1.0, 0.8571428571428571, 0.7142857142857143,
                0.5714285714285714, 0.42857142857142855, 0.2857142857142857, 0.14285714285714285, 0.0, 0.0,
            ]),
        Recorded(
            shape: .cosine, warmup: 3,
            factors: [
                0.0, 0.3333333333333333, 0.6666666666666666, 1.0, 0.9504844339512095, 0.8117449009293668,
                0.6112604669781572, 0.38873953302184283, 0.18825509907063326, 0.04951556604879048, 0.0,
                0.04951556604879043,
            ]),
        Recorded(
            shape: .constant, warmup: 3,
            factors: [0.0, 0.3333333333333333, 0.6666666666666666] + Array(repeating: 1.0, count: 9)),
    ]

    @Test("follows transformers' schedules", arguments: recorded)
    func followsTransformers(_ recorded: Recorded) {
        let schedule = LearningRateSchedule(recorded.shape, totalSteps: 10, warmupSteps: recorded.warmup)
        for (step, expected) in recorded.factors.enumerated() {
            #expect(abs(schedule.factor(afterSteps: step) - expected) <= Self.tolerance, "after \(step) steps")
        }
    }

    @Test(
        "rounds a warm-up given as a part of the run up to whole steps",
        arguments: [(100, 0.1, 10), (101, 0.1, 11), (7, 0.5, 4), (5, 0.0, 0), (5, 1.0, 5), (1, 0.1, 1)])
    func roundsWarmupUp(total: Int, fraction: Double, steps: Int) {
        #expect(LearningRateSchedule(.linear, totalSteps: total, warmupFraction: fraction).warmupSteps == steps)
    }

    @Test("stays finite when the whole run is warm-up", arguments: LearningRateSchedule.Shape.allCases)
    func staysFinite(_ shape: LearningRateSchedule.Shape) {
        let schedule = LearningRateSchedule(shape, totalSteps: 4, warmupSteps: 4)
        let factors = (0...5).map { schedule.factor(afterSteps: $0) }
        #expect(factors.allSatisfy { (0...1).contains($0) })
        #expect(Array(factors[..<4]) == [0, 0.25, 0.5, 0.75])
    }
}
