import Testing

@testable import Training

@Suite("Divergence")
struct DivergenceTests {
    /// The numbers of the losses, from 1, at which a warning was given.
    private func warnings(_ losses: [Double]) -> [Int] {
        var divergence = Divergence()
        return losses.enumerated().compactMap { divergence.add($1) == nil ? nil : $0 + 1 }
    }

    @Test("warns once when the loss runs away, however long it goes on")
    func runsAway() {
        let losses = (0..<100).map { _ in 1.0 } + (0..<500).map { 1 + Double($0) * 0.1 }
        let found = warnings(losses)
        #expect(found.count == 1)
        #expect((100...160).contains(found.first ?? 0))
    }

    @Test("needs a long stretch: it warns at the step at which the mean of 50 has doubled")
    func exact() {
        let flat = [Double](repeating: 1, count: 50)
        #expect(warnings(flat + [Double](repeating: 2.01, count: 49)) == [])
        #expect(warnings(flat + [Double](repeating: 2.01, count: 50)) == [100])
        #expect(warnings(flat + [Double](repeating: 1.99, count: 500)) == [])
    }

    @Test("is not alarmed by a loss that falls, swings or peaks")
    func ordinary() {
        #expect(warnings((0..<500).map { 3 / Double($0 + 1) }) == [])
        #expect(warnings((0..<500).map { $0 % 2 == 0 ? 0.1 : 1.9 }) == [])
        #expect(warnings((0..<500).map { $0 == 200 ? 40 : 1 }) == [])
        #expect(warnings([Double](repeating: 0, count: 300)) == [])
    }
}
