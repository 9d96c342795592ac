import FoundationEssentials
import Testing
import VectorMath

@Suite("Random numbers")
struct RandomGeneratorTests {
    @Test("follow xoshiro256** from a given state")
    func algorithm() throws {
        // The reference implementation's first numbers from the state 1, 2, 3, 4.
        var generator = try #require(RandomGenerator(state: [1, 2, 3, 4]))
        let expected: [UInt64] = [
            11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
        ]
        #expect(expected.map { _ in generator.next() } == expected)
    }

    @Test("are the recorded ones for a seed")
    func recorded() {
        var generator = RandomGenerator(seed: 42)
        let words = (0..<3).map { _ in generator.next() }
        #expect(words == [1_546_998_764_402_558_742, 6_990_951_692_964_543_102, 12_544_586_762_248_559_009])
        #expect((0..<3).map { _ in generator.uniform() } == recordedUniform)
        #expect((0..<4).map { _ in generator.normal() } == recordedNormal)
        #expect((0..<6).map { _ in generator.below(1000) } == recordedBelow)
        var order = Array(0..<10)
        generator.shuffle(&order)
        #expect(order == recordedOrder)
        var other = RandomGenerator(seed: 42, stream: 1)
        #expect(other.next() == recordedStream)
    }

    private let recordedUniform: [Float] = [0.9246929, 0.9918039, 0.76973945]
    private let recordedNormal: [Float] = [0.4641773, 1.4762495, 1.0078199, 1.027211]
    private let recordedBelow = [711, 877, 616, 851, 707, 707]
    private let recordedOrder = [9, 7, 6, 5, 2, 8, 4, 3, 1, 0]
    private let recordedStream: UInt64 = 1_730_024_315_386_286_466

    @Test("go on from a saved state")
    func savedState() throws {
        var generator = RandomGenerator(seed: 7)
        _ = generator.normal()
        let data = try JSONEncoder().encode(generator)
        var restored = try JSONDecoder().decode(RandomGenerator.self, from: data)
        #expect(restored == generator)
        #expect((0..<5).map { _ in restored.normal() } == (0..<5).map { _ in generator.normal() })
        #expect(RandomGenerator(state: generator.state) == generator)
    }

    @Test("refuse a state that is none", arguments: [[], [1, 2, 3], [0, 0, 0, 0], [1, 2, 3, 4, 5]] as [[UInt64]])
    func badState(state: [UInt64]) throws {
        #expect(RandomGenerator(state: state) == nil)
        let data = try JSONEncoder().encode(["state": state])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(RandomGenerator.self, from: data) }
    }

    @Test("have the moments of their distributions")
    func moments() {
        var generator = RandomGenerator(seed: 3)
        let count = 200_000
        let uniform = (0..<count).map { _ in Double(generator.uniform()) }
        #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(uniform.reduce(0, +) / Double(count) - 0.5) < 0.003)
        let normal = (0..<count).map { _ in Double(generator.normal()) }
        let mean = normal.reduce(0, +) / Double(count)
        let variance = normal.map { $0 * $0 }.reduce(0, +) / Double(count)
        let fourth = normal.map { $0 * $0 * $0 * $0 }.reduce(0, +) / Double(count)
        #expect(abs(mean) < 0.01 && abs(variance - 1) < 0.02 && abs(fourth - 3) < 0.1)
        // Tails: about 0.27 % lie beyond three deviations.
        let beyond = Double(normal.filter { abs($0) > 3 }.count) / Double(count)
        #expect(abs(beyond - 0.0027) < 0.0006)
    }

    @Test("pick each integer below a bound equally often")
    func below() {
        var generator = RandomGenerator(seed: 9)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[generator.below(7)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 10_000) < 400 })
        #expect(generator.below(1) == 0)
        #expect((0..<100).allSatisfy { _ in generator.below(.max) < .max })
    }

    @Test("shuffle keeps every element")
    func shuffle() {
        var generator = RandomGenerator(seed: 10)
        var elements = Array(0..<1000)
        generator.shuffle(&elements)
        #expect(elements != Array(0..<1000))
        #expect(elements.sorted() == Array(0..<1000))
        var none: [Int] = []
        generator.shuffle(&none)
        #expect(none.isEmpty)
    }
}
