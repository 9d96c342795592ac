import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Compression and spectra")
struct CompressionTests {
    /// Rounding of factors in float32, as a part of the norm.
    static let tolerance = 2e-6

    /// An adapter whose directions fade by a tenth each, as those of trained ones do.
    static func fading(rank: Int = 8, decay: Float = 0.7, seed: UInt64 = 1) throws -> LowRankAdapter {
        let modules = [
            LinearModule(name: "layer.0.wide", inputWidth: 20, outputWidth: 48),
            LinearModule(name: "layer.0.narrow", inputWidth: 48, outputWidth: 20),
        ]
        var adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: rank, alpha: 12, targets: .allLinear), modules: modules,
            seed: seed)
        for i in adapter.pairs.indices {
            var b = random(adapter.pairs[i].outputWidth, rank, seed: seed + 10 + UInt64(i))
            for row in 0..<b.rows {
                var factor: Float = 1
                b.setRow(
                    row,
                    to: b.row(row).map { value in
                        factor *= decay
                        return value * factor
                    })
            }
            adapter.pairs[i].b = b
        }
        return adapter
    }

    @Test("the singular values of a product are those of the matrix that it makes", arguments: [1, 3, 8, 30])
    func productDecomposition(rank: Int) throws {
        let (b, a) = (random(20, rank, seed: 1), random(rank, 13, seed: 2))
        let decomposition = try SingularValueDecomposition(productOf: b.view, a.view, factor: -1.5)
        var dense = product(b, a)
        scale(&dense, by: -1.5)
        let expected = try SingularValueDecomposition(dense.view).values
        let largest = expected[0]
        #expect(decomposition.values.count == min(rank, 13))
        for (found, value) in zip(decomposition.values, expected) { #expect(abs(found - value) < 1e-5 * largest) }
        let (left, right) = decomposition.factors(rank: decomposition.values.count)
        #expect(difference(product(left, right), dense) < 1e-5 * largest)
    }

    @Test(
        "the error that is predicted is the error that is measured, module by module and as a whole", arguments: 1...8)
    func predictedError(rank: Int) throws {
        let adapter = try Self.fading()
        let compression = try adapter.compressed(to: .rank(rank))
        var (errors, norms) = (0.0, 0.0)
        for (name, module) in zip(adapter.names, compression.modules) {
            #expect(module.name == name && module.rankBefore == 8 && module.rankAfter == rank)
            let before = adapter[name]!.deltaWeight()
            var rest = compression.adapter[name]!.deltaWeight()
            add(before.view, to: &rest, scale: -1)
            let (error, norm) = (sumOfSquares(rest.view), sumOfSquares(before.view))
            #expect(abs(module.norm / norm.squareRoot() - 1) < Self.tolerance)
            #expect(abs(module.error - error.squareRoot()) < Self.tolerance * norm.squareRoot())
            #expect(abs(module.relativeError - (error / norm).squareRoot()) < Self.tolerance)
            errors += error
            norms += norm
        }
        #expect(abs(compression.relativeError - (errors / norms).squareRoot()) < Self.tolerance)
        #expect(rank == 8 || compression.relativeError > 0.01)
    }

    @Test("a share of the energy keeps the fewest directions that have it", arguments: [0.5, 0.9, 0.99, 1])
    func energy(share: Double) throws {
        let adapter = try Self.fading()
        let compression = try adapter.compressed(to: .energy(share))
        for (module, spectrum) in zip(compression.modules, try adapter.spectra()) {
            let total = spectrum.energy(after: 0)
            #expect(1 - spectrum.energy(after: module.rankAfter) / total >= share)
            #expect(module.rankAfter == 1 || 1 - spectrum.energy(after: module.rankAfter - 1) / total < share)
            #expect(module.relativeError <= (1 - share).squareRoot() + 1e-12)
        }
    }

    @Test("modules of different ranks are written so that PEFT's rules give each its own, and a scaling of 1")
    func differentRanks() throws {
        let folder = try TemporaryFolder()
        var adapter = try Self.fading()
        // One module with a single direction.
        for k in 1..<8 { for row in 0..<adapter.pairs[0].b.rows { adapter.pairs[0].b[row, k] = 0 } }
        let compression = try adapter.compressed(to: .energy(0.999))
        #expect(Set(compression.modules.map(\.rankAfter)).count == 2)
        try compression.adapter.write(to: folder.path + "/out")
        let again = try LowRankAdapter(path: folder.path + "/out")
        #expect(again.pairs.map(\.rank) == compression.modules.map(\.rankAfter))
        #expect(again.pairs.allSatisfy { $0.scaling == 1 })
        #expect(!again.configuration.useRSLoRA)
    }

    @Test("an adapter that changes nothing yet becomes one of rank 1 that changes nothing")
    func nothing() throws {
        let fresh = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 4, alpha: 8, targets: .attention), modules: AdapterTests.modules,
            seed: 1)
        let compression = try fresh.compressed(to: .energy(0.9))
        #expect(
            compression.adapter.pairs.allSatisfy { $0.rank == 1 && $0.deltaWeight().elements().allSatisfy { $0 == 0 } })
        #expect(compression.relativeError == 0 && compression.norm == 0)
    }

    @Test(
        "impossible limits are refused",
        arguments: [.rank(0), .rank(-1), .energy(0), .energy(1.1), .energy(.nan)] as [AdapterCompression.Limit])
    func refusals(limit: AdapterCompression.Limit) throws {
        let adapter = try Self.fading()
        #expect(throws: LowRankError.self) { try adapter.compressed(to: limit) }
    }

    @Test("DoRA is not compressed as if it were a product")
    func refusesMagnitudes() throws {
        let adapter = try Recorded.adapter("dora")
        #expect(throws: LowRankError.notPlain(operation: "compressing", what: "the magnitudes of DoRA")) {
            try adapter.compressed(to: .rank(1))
        }
    }

    @Test("known spectra: equal values count fully, one value counts once, none is nothing")
    func effectiveRanks() {
        let equal = Spectrum(values: [2, 2, 2, 2])
        #expect(abs(equal.entropyRank - 4) < 1e-12 && equal.stableRank == 4 && equal.norm == 4)
        let single = Spectrum(values: [3, 0, 0])
        #expect(abs(single.entropyRank - 1) < 1e-12 && single.stableRank == 1 && single.rank(keeping: 1) == 1)
        let none = Spectrum(values: [0, 0])
        #expect(none.entropyRank == 0 && none.stableRank == 0 && none.norm == 0 && none.rank(keeping: 0.9) == 1)
        // p = 2/3, 1/3: exp(-(2/3 ln 2/3 + 1/3 ln 1/3)) = 3 / 2^(2/3).
        let mixed = Spectrum(values: [2, 1])
        #expect(abs(mixed.entropyRank - 3 / 1.5874010519681994) < 1e-12 && mixed.stableRank == 1.25)
        #expect(mixed.rank(keeping: 0.79) == 1 && mixed.rank(keeping: 0.81) == 2)
    }

    @Test("negation is exact, and twice is the adapter as it was")
    func negation() throws {
        let adapter = try Self.fading()
        let negated = try adapter.negated()
        for (a, b) in zip(negated.pairs, adapter.pairs) {
            #expect(a.b.elements() == b.b.elements().map { -$0 } && a.a == b.a && a.scaling == b.scaling)
        }
        #expect(zip(try negated.negated().pairs, adapter.pairs).allSatisfy { $0.b == $1.b })
        #expect(throws: LowRankError.self) { try Recorded.adapter("bias_all").negated() }
    }
}
