import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Adapters that begin with a part of the base")
struct InitialValuesTests {
    private static let modules = [
        "encoder.layer.0.attention.self.query", "encoder.layer.0.output.dense", "encoder.layer.1.attention.self.query",
    ]

    /// What PEFT was told, before it doubled ranks and alphas.
    private static func configuration(_ method: String) -> AdapterConfiguration {
        AdapterConfiguration(
            rank: 3, alpha: 6, targets: .names(["query", "layer.0.output.dense"]), useRSLoRA: method == "olora",
            rankPattern: method == "pissa" ? ["query": 2] : [:],
            alphaPattern: method == "pissa" ? ["layer.0.output.dense": 4] : [:])
    }

    private static func initial(_ method: String) throws -> LowRankAdapter {
        let weights = try Recorded.base().tensors()
        return try LowRankAdapter(
            configuration: configuration(method), modules: try Recorded.modules(),
            values: try #require(InitialValues(name: method)), seed: 1
        ) { module throws(LowRankError) in
            do throws(ModelFilesError) {
                return try weights.require(module.name + ".weight", shape: [module.outputWidth, module.inputWidth])
                    .matrix()
            } catch {
                throw .files(error)
            }
        }
    }

    @Test("the products are PEFT's, and so is what is left of the weight", arguments: ["pissa", "olora"])
    func products(method: String) throws {
        let file = try Recorded.tensors("mutated")
        let adapter = try Self.initial(method)
        #expect(adapter.names == Self.modules)
        for (name, pair) in zip(adapter.names, adapter.pairs) {
            let (a, b) = (
                try Recorded.matrix("\(method)/\(name).A0", in: file),
                try Recorded.matrix("\(method)/\(name).B0", in: file)
            )
            #expect(pair.a.rows == a.rows)
            #expect(difference(product(pair.b, pair.a), product(b, a)) < Recorded.tolerance)
            // Signs of singular vectors are free, those of Householder's QR are not.
            if method == "olora" { #expect(difference(pair.a, a) < Recorded.tolerance) }
        }
        let name = Self.modules[0]
        let weight = try Recorded.matrix(name + ".weight", in: try Recorded.base().weights())
        let residual = try Recorded.matrix("\(method)/\(name).residual", in: file)
        #expect(difference(adapter.residual(of: weight.view, module: name), residual) < Recorded.tolerance)
    }

    @Test("the residual with the adapter on it is the base", arguments: ["pissa", "olora", "pissa_niter_4"])
    func startsAsBase(method: String) throws {
        let adapter = try Self.initial(method)
        let weights = try Recorded.base().weights()
        for (name, pair) in zip(adapter.names, adapter.pairs) {
            let weight = try Recorded.matrix(name + ".weight", in: weights)
            var again = adapter.residual(of: weight.view, module: name)
            #expect(difference(again, weight) > 0.01)
            pair.merge(into: &again)
            #expect(difference(again, weight) < Recorded.tolerance)
        }
    }

    @Test("a converted adapter is PEFT's converted file: factors, ranks, alphas", arguments: ["pissa", "olora"])
    func conversion(method: String) throws {
        let file = try Recorded.tensors("mutated")
        func adapter(_ number: String) throws -> LowRankAdapter {
            var modules: [String: LowRankPair] = [:]
            for name in Self.modules {
                modules[name] = LowRankPair(
                    a: try Recorded.matrix("\(method)/\(name).A\(number)", in: file),
                    b: try Recorded.matrix("\(method)/\(name).B\(number)", in: file),
                    scaling: Float(Self.configuration(method).scaling(of: name)))
            }
            return try LowRankAdapter(configuration: Self.configuration(method), modules: modules)
        }
        let (trained, start) = (try adapter(""), try adapter("0"))
        let converted = try trained.converted(from: start)
        let expected = try Recorded.adapter(method)
        #expect(converted.names == expected.names)
        for (name, (found, recorded)) in zip(converted.names, zip(converted.pairs, expected.pairs)) {
            #expect(found.a == recorded.a && found.b == recorded.b)
            #expect(abs(found.scaling - recorded.scaling) < 1e-6)
            // ΔW on the untouched base is what training added to the initial product.
            var change = trained[name]!.deltaWeight()
            add(start[name]!.deltaWeight().view, to: &change, scale: -1)
            #expect(difference(found.deltaWeight(), change) < Recorded.tolerance)
        }
        #expect(converted.configuration.rank == expected.configuration.rank)
        #expect(converted.configuration.alpha == expected.configuration.alpha)
        #expect(converted.configuration.rankPattern == expected.configuration.rankPattern)
        #expect(converted.configuration.alphaPattern == expected.configuration.alphaPattern)
        let folder = try TemporaryFolder()
        try converted.write(to: folder.path + "/out")
        #expect(try LowRankAdapter(path: folder.path + "/out").pairs[0].a == converted.pairs[0].a)
    }

    @Test("exceptions and rank-stabilised scaling together are converted too, although PEFT refuses them")
    func conversionOfExceptions() throws {
        let configuration = AdapterConfiguration(
            rank: 2, alpha: 3, targets: .attention, useRSLoRA: true, rankPattern: ["query": 3],
            alphaPattern: ["value": 5])
        let start = try LowRankAdapter(configuration: configuration, modules: AdapterTests.modules, seed: 1)
        var trained = start
        for i in trained.pairs.indices { trained.pairs[i].b = random(8, trained.pairs[i].rank, seed: UInt64(i)) }
        let converted = try trained.converted(from: start)
        for (found, pair) in zip(converted.pairs, trained.pairs) {
            #expect(abs(found.scaling / pair.scaling - 1) < 1e-6 && found.rank == 2 * pair.rank)
        }
    }

    @Test("DoRA begins with the lengths of the weight's rows, so that it begins as the base")
    func magnitudes() throws {
        let weight = random(8, 8, seed: 4)
        let adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 2, alpha: 2, targets: .attention, useDoRA: true),
            modules: AdapterTests.modules, values: .random, seed: 1
        ) { _ in weight.view }
        for pair in adapter.pairs {
            let lengths = (0..<8).map { Float(sumOfSquares(weight[rows: $0..<$0 + 1]).squareRoot()) }
            #expect(pair.magnitude == lengths)
            var merged = weight
            pair.merge(into: &merged)
            #expect(difference(merged, weight) < Recorded.tolerance)
        }
        let folder = try TemporaryFolder()
        try adapter.write(to: folder.path + "/out")
        #expect(try LowRankAdapter(path: folder.path + "/out").pairs[0].magnitude == adapter.pairs[0].magnitude)
    }

    @Test("the randomised decomposition nears the exact one, the more the longer it iterates")
    func randomised() throws {
        let weight = random(96, 64, seed: 3)
        let exact = try SingularValueDecomposition(weight.view)
        func captured(_ iterations: Int) throws -> Float {
            let found = try SingularValueDecomposition(
                randomized: weight.view, rank: 8, iterations: iterations, seed: 5)
            #expect(found.values.count == 8 && found.u.rows == 96 && found.vTransposed.columns == 64)
            #expect(difference(product(found.u, found.u, transposingFirst: true), identity(8)) < 1e-5)
            // No approximation of that rank holds more than the exact one.
            #expect(zip(found.values, exact.values).allSatisfy { $0 <= $1 * (1 + 1e-5) })
            return found.values.reduce(0) { $0 + $1 * $1 } / exact.values.prefix(8).reduce(0) { $0 + $1 * $1 }
        }
        let shares = try [0, 2, 30].map(captured)
        #expect(shares[0] < shares[1] && shares[1] < shares[2] && shares[2] > 0.995)
        let again = try SingularValueDecomposition(randomized: weight.view, rank: 8, iterations: 2, seed: 5)
        #expect(again.u == (try SingularValueDecomposition(randomized: weight.view, rank: 8, iterations: 2, seed: 5)).u)
        #expect(again.u != (try SingularValueDecomposition(randomized: weight.view, rank: 8, iterations: 2, seed: 6)).u)
    }

    @Test(
        "kinds have PEFT's names",
        arguments: [
            ("pissa", InitialValues.pissa()), ("pissa_niter_16", .pissa(iterations: 16)), ("olora", .olora),
            ("true", .random), ("gaussian", nil), ("pissa_niter_", nil), ("pissa_niter_-1", nil),
            ("pissa_niter_x", nil),
        ] as [(String, InitialValues?)])
    func names(name: String, expected: InitialValues?) {
        #expect(InitialValues(name: name) == expected)
    }

    @Test("weights of another shape, an alpha of zero and conversion from another adapter are refused")
    func refusals() throws {
        let configuration = AdapterConfiguration(rank: 2, alpha: 2, targets: .attention)
        let narrow = random(8, 7, seed: 1)
        #expect(
            throws: LowRankError.wrongShape(
                module: "encoder.layer.0.attention.self.query", matrix: "W", expected: [8, 8], found: [8, 7])
        ) {
            try LowRankAdapter(configuration: configuration, modules: AdapterTests.modules, values: .olora, seed: 1) {
                _ in narrow.view
            }
        }
        let square = random(8, 8, seed: 1)
        #expect(throws: LowRankError.self) {
            try LowRankAdapter(
                configuration: AdapterConfiguration(rank: 2, alpha: 0, targets: .attention),
                modules: AdapterTests.modules,
                values: .pissa(), seed: 1
            ) { _ in square.view }
        }
        let one = try LowRankAdapter(configuration: configuration, modules: AdapterTests.modules, seed: 1)
        let other = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 2, alpha: 3, targets: .attention), modules: AdapterTests.modules,
            seed: 1)
        let fewer = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 2, alpha: 2, targets: .names(["query"])),
            modules: AdapterTests.modules, seed: 1)
        #expect(throws: LowRankError.self) { try one.converted(from: other) }
        #expect(throws: LowRankError.self) { try one.converted(from: fewer) }
    }
}
