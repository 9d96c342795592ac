import Testing

@testable import Reports

@Suite("Ticks")
struct TicksTests {
    @Test(
        "stand at round numbers that cover the values",
        arguments: [
            ([0.0, 1], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            ([0.37, 0.4162], ["0.37", "0.38", "0.39", "0.40", "0.41", "0.42"]),
            ([3, 98], ["0", "20", "40", "60", "80", "100"]),
            ([-4, 4], ["−4", "−2", "0", "2", "4"]),
            ([0, 0.001], ["0.0000", "0.0002", "0.0004", "0.0006", "0.0008", "0.0010"]),
            ([0, 2.3e-6], ["0", "5·10⁻⁷", "1·10⁻⁶", "1.5·10⁻⁶", "2·10⁻⁶", "2.5·10⁻⁶"]),
            ([0, 12_000], ["0", "5,000", "10,000", "15,000"]),
        ])
    func round(values: [Double], labels: [String]) {
        #expect(Ticks(covering: values, axis: Axis("x")).labels == labels)
    }

    @Test("stand at whole numbers where only those mean something")
    func whole() {
        #expect(Ticks(covering: [1, 3], axis: Axis("step", isWhole: true)).labels == ["1", "2", "3"])
        #expect(Ticks(covering: [7], axis: Axis("step", isWhole: true)).labels == ["6", "7", "8"])
    }

    @Test(
        "cover every value, strictly ascending, however odd",
        arguments: [
            [], [5.0], [0], [-3], [1e-300, 2e-300], [-1e308, 1e308], [.nan, .infinity], [.nan, 2, -.infinity],
            [1, 1 + 1e-15], [0, .leastNonzeroMagnitude], [1e15, 1e15 + 1], [-0.1, -0.0999999],
        ] as [[Double]])
    func covers(values: [Double]) {
        for axis in [Axis("x"), Axis("x", includesZero: true), Axis("x", isWhole: true)] {
            let ticks = Ticks(covering: values, axis: axis)
            #expect((2...14).contains(ticks.values.count), "\(ticks)")
            #expect(zip(ticks.values, ticks.values.dropFirst()).allSatisfy { $0 < $1 }, "\(ticks)")
            let scale = Scale(ticks, from: 0, to: 100)
            for value in values where value.isDrawable {
                #expect((-0.01...100.01).contains(scale(value)), "\(value) in \(ticks)")
            }
        }
    }
}
