import Glibc
import LowRank
import ModelFiles
import Testing
import VectorMath

@Suite("Distance between adapters")
struct DistanceTests {
    static let tolerance = 2e-5

    private func adapter(_ modules: [String: LowRankPair]) throws -> LowRankAdapter {
        try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 1, alpha: 1, targets: .names(modules.keys.sorted())),
            modules: modules)
    }

    private func pair(_ b: [[Float]], _ a: [[Float]], scaling: Float = 1) -> LowRankPair {
        LowRankPair(a: Matrix(rowsOf: a), b: Matrix(rowsOf: b), scaling: scaling)
    }

    @Test("an adapter is at no distance from itself, at any other factors of the same product")
    func itself() throws {
        let one = try CompressionTests.fading()
        let same = try one.compressed(to: .rank(8)).adapter
        let distance = try one.distance(to: same)
        #expect(distance.modules.count == 2 && distance.relativeDifference < 2e-6)
        for module in distance.modules {
            #expect((module.columnAngles + module.rowAngles).allSatisfy { $0 < 1e-3 })
            #expect(module.columnAngles.count == 8 && module.rowAngles.count == 8)
        }
    }

    @Test("known angles: 0, 30 degrees, upright", arguments: [0, 1e-4, .pi / 6, .pi / 2 - 1e-3, .pi / 2] as [Double])
    func knownAngles(angle: Double) throws {
        let (c, s) = (Float(cos(angle)), Float(sin(angle)))
        let one = try adapter(["m": pair([[1, 0], [0, 1], [0, 0], [0, 0]], [[1, 0, 0], [0, 1, 0]])])
        let two = try adapter(["m": pair([[c, 0], [0, 1], [s, 0], [0, 0]], [[1, 0, 0], [0, c, s]], scaling: 3)])
        let module = try one.distance(to: two).modules[0]
        for angles in [module.columnAngles, module.rowAngles] {
            #expect(angles.count == 2 && angles[0] < 1e-6)
            #expect(abs(angles[1] - angle) < 1e-6 * max(1, angle))
        }
    }

    @Test("opposite adapters differ by twice their norm, and share every direction")
    func opposites() throws {
        let one = try CompressionTests.fading()
        let distance = try one.distance(to: one.negated())
        #expect(abs(distance.relativeDifference - 2) < Self.tolerance)
        #expect(distance.modules.allSatisfy { $0.columnAngles.allSatisfy { $0 < 1e-3 } })
    }

    @Test("the difference is that of the products, also between neighbours")
    func differences() throws {
        let one = try CompressionTests.fading()
        var two = one
        two.pairs[0].b[3, 2] += 1e-3
        let distance = try one.distance(to: two)
        var rest = one.pairs[0].deltaWeight()
        add(two.pairs[0].deltaWeight().view, to: &rest, scale: -1)
        let expected = sumOfSquares(rest.view).squareRoot()
        #expect(abs(distance.modules[0].difference / expected - 1) < 0.01)
        #expect(abs(distance.difference / expected - 1) < 0.01)
    }

    @Test("modules that only one of the two changes are named, and count with their whole norm")
    func oneSided() throws {
        let one = try adapter(["a": pair([[3]], [[1]]), "b": pair([[1]], [[1]])])
        let two = try adapter(["b": pair([[1]], [[1]]), "c": pair([[4]], [[1]])])
        let distance = try one.distance(to: two)
        #expect(
            distance.onlyInFirst == ["a"] && distance.onlyInSecond == ["c"] && distance.modules.map(\.name) == ["b"])
        #expect(abs(distance.difference - 5) < Self.tolerance)
        #expect(abs(distance.norms[0] - 10.0.squareRoot()) < Self.tolerance)
    }

    @Test("a module without a change has no directions to compare")
    func empty() throws {
        let nothing = try adapter(["m": pair([[0], [0]], [[1, 2]])])
        let something = try adapter(["m": pair([[1], [0]], [[1, 2]])])
        let module = try nothing.distance(to: something).modules[0]
        #expect(module.columnAngles.isEmpty && module.rowAngles.isEmpty)
        #expect(abs(module.relativeDifference - 1) < Self.tolerance)
        #expect(try nothing.distance(to: nothing).relativeDifference == 0)
    }

    @Test("modules of different shapes cannot be compared")
    func shapes() throws {
        let one = try adapter(["m": pair([[1], [0]], [[1, 2]])])
        let two = try adapter(["m": pair([[1]], [[1, 2]])])
        #expect(throws: LowRankError.wrongShape(module: "m", matrix: "ΔW", expected: [2, 2], found: [1, 2])) {
            try one.distance(to: two)
        }
    }
}
