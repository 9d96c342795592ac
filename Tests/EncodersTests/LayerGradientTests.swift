import Encoders
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Layers: gradients against finite differences")
struct LayerGradientTests {
    static let rows = 23

    @Test("linear layer: input, weight, bias and both halves of its adapters", arguments: [Float(0), 0.3])
    func linear(dropout: Float) throws {
        let layer = randomLinear("", outputs: 24, inputs: 10, seed: 1, parts: ["q", "k", "v"])
        let x = random(Self.rows, 10, seed: 3)
        let residual = random(Self.rows, 24, seed: 4)
        let pairs = [
            "q": randomPair(outputs: 8, inputs: 10, rank: 2, seed: 5),
            "v": randomPair(outputs: 8, inputs: 10, rank: 3, seed: 7, scaling: 1.5),
        ]
        let adapter = try LowRankAdapter(configuration: configuration, modules: pairs)
        let options = TrainingOptions(dropout: dropout, seed: 9)
        let weights = random(Self.rows, 24, seed: 8)
        func loss(
            _ x: Matrix<Float>, _ layer: Linear, _ adapter: LowRankAdapter
        ) -> Double {
            let bound = LinearAdapter(adapter, for: layer)
            return inner(
                layer.forward(x.view, adapter: bound, options: options, adding: residual.view).y, weights)
        }
        let bound = LinearAdapter(adapter, for: layer)
        let activations = layer.forward(x.view, adapter: bound, options: options, keepsInput: true).activations
        var gradients: AdapterGradients? = AdapterGradients(zerosLike: adapter)
        var full: Linear.Gradient? = layer.zeroGradient
        let dx = layer.backward(
            weights.view, activations: activations, adapter: bound, options: options, gradients: &gradients,
            full: &full)!
        check(x, dx) { loss($0, layer, adapter) }
        let stacked = Matrix(rowsOf: layer.modules.flatMap { module in (0..<8).map { module.weight.row($0) } })
        check(stacked, full!.weight) { weight in
            loss(x, replaced(layer, weight: weight, bias: layer.bias), adapter)
        }
        check(Matrix(rowsOf: [layer.bias]), Matrix(rowsOf: [full!.bias])) { bias in
            loss(x, replaced(layer, weight: stacked, bias: bias.row(0)), adapter)
        }
        for i in adapter.pairs.indices {
            check(adapter.pairs[i].a, gradients!.pairs[i].a) { a in
                var other = adapter
                other.pairs[i].a = a
                return loss(x, layer, other)
            }
            check(adapter.pairs[i].b, gradients!.pairs[i].b) { b in
                var other = adapter
                other.pairs[i].b = b
                return loss(x, layer, other)
            }
        }
    }

    @Test(
        "linear layer with magnitudes: input, both halves and the magnitudes, lengths held", arguments: [Float(0), 0.3])
    func magnitudes(dropout: Float) throws {
        let layer = randomLinear("", outputs: 24, inputs: 10, seed: 1, parts: ["q", "k", "v"])
        let x = random(Self.rows, 10, seed: 3)
        var pairs = [
            "q": randomPair(outputs: 8, inputs: 10, rank: 2, seed: 5),
            "v": randomPair(outputs: 8, inputs: 10, rank: 3, seed: 7, scaling: 1.5),
        ]
        for name in pairs.keys { pairs[name]!.magnitude = random(8, seed: 11).map { 1 + 0.3 * $0 } }
        let adapter = try LowRankAdapter(configuration: configuration, modules: pairs)
        let options = TrainingOptions(dropout: dropout, seed: 9)
        let weights = random(Self.rows, 24, seed: 8)
        func loss(_ x: Matrix<Float>, _ layer: Linear, _ adapter: LowRankAdapter) -> Double {
            inner(layer.forward(x.view, adapter: LinearAdapter(adapter, for: layer), options: options).y, weights)
        }
        let bound = LinearAdapter(adapter, for: layer)
        let activations = layer.forward(x.view, adapter: bound, options: options).activations
        var gradients: AdapterGradients? = AdapterGradients(zerosLike: adapter)
        var none: Linear.Gradient?
        let dx = layer.backward(
            weights.view, activations: activations, adapter: bound, options: options, gradients: &gradients,
            full: &none)!
        check(x, dx) { loss($0, layer, adapter) }
        for (i, name) in adapter.names.enumerated() {
            let (pair, gradient) = (adapter.pairs[i], gradients!.pairs[i])
            check(Matrix(rowsOf: [pair.magnitude!]), Matrix(rowsOf: [try #require(gradient.magnitude)])) { magnitude in
                var other = adapter
                other.pairs[i].magnitude = magnitude.row(0)
                return loss(x, layer, other)
            }
            // With the lengths held, the layer is one of stretched weights, and the pair one of a stretched B.
            let weight = try #require(layer.modules.first { $0.name == name }).weight
            let gains = try #require(pair.gains(over: weight))
            func stretched(_ matrix: Matrix<Float>) -> Matrix<Float> {
                var result = matrix
                for row in 0..<8 { result.setRow(row, to: matrix.row(row).map { $0 * gains[row] }) }
                return result
            }
            let held = Linear(
                modules: layer.modules.map {
                    ($0.name, $0.name == name ? stretched(Matrix(copying: weight)).view : $0.weight)
                },
                bias: layer.bias)
            func lossHeld(_ a: Matrix<Float>, _ b: Matrix<Float>) -> Double {
                var other = adapter
                other.pairs[i] = LowRankPair(a: a, b: stretched(b), scaling: pair.scaling)
                return loss(x, held, other)
            }
            #expect(abs(lossHeld(pair.a, pair.b) - loss(x, layer, adapter)) < 1e-3)
            check(pair.a, gradient.a) { lossHeld($0, pair.b) }
            check(pair.b, gradient.b) { lossHeld(pair.a, $0) }
        }
    }

    @Test("linear layer: the residual is added to y, and a gradient to dx")
    func residuals() {
        let layer = randomLinear("m", outputs: 6, inputs: 9, seed: 1)
        let x = random(Self.rows, 9, seed: 2)
        let residual = random(Self.rows, 6, seed: 3)
        let plain = layer.forward(x.view).y
        let added = layer.forward(x.view, adding: residual.view)
        let sums = zip(plain.elements(), residual.elements()).map { $0 + $1 }
        #expect(largestDifference(added.y.elements(), sums) < 1e-5)
        var (none, nothing): (AdapterGradients?, Linear.Gradient?) = (nil, nil)
        let extra = random(Self.rows, 9, seed: 4)
        let dx = layer.backward(residual.view, activations: added.activations, gradients: &none, full: &nothing)!
        let both = layer.backward(
            residual.view, activations: added.activations, adding: extra.view, gradients: &none, full: &nothing)!
        let gradientSums = zip(dx.elements(), extra.elements()).map { $0 + $1 }
        #expect(largestDifference(both.elements(), gradientSums) < 1e-5)
    }

    @Test("layer normalisation: input, gain and bias")
    func layerNormalization() {
        let layer = LayerNormalization(
            name: "n", gain: random(12, seed: 1), bias: random(12, seed: 2), epsilon: 1e-5)
        let x = random(Self.rows, 12, seed: 3)
        let weights = random(Self.rows, 12, seed: 4)
        func loss(_ x: Matrix<Float>, gain: [Float]? = nil, bias: [Float]? = nil) -> Double {
            let other = LayerNormalization(
                name: "n", gain: gain ?? layer.gain, bias: bias ?? layer.bias, epsilon: layer.epsilon)
            return inner(other.forward(x).y, weights)
        }
        var full: LayerNormalization.Gradient? = layer.zeroGradient
        let activations = layer.forward(x, keepsInput: true).activations!
        let dx = layer.backward(weights.view, activations: activations, full: &full)
        check(x, dx) { loss($0) }
        check(Matrix(rowsOf: [layer.gain]), Matrix(rowsOf: [full!.gain])) { loss(x, gain: $0.row(0)) }
        check(Matrix(rowsOf: [layer.bias]), Matrix(rowsOf: [full!.bias])) { loss(x, bias: $0.row(0)) }
    }

    @Test("self-attention: input, over texts of several lengths")
    func selfAttention() {
        let layer = SelfAttention(
            input: randomLinear("", outputs: 36, inputs: 12, seed: 1, parts: ["q", "k", "v"]),
            output: randomLinear("o", outputs: 12, inputs: 12, seed: 3), heads: 3)
        let batch = batch([1, 7, 2, 13], vocabulary: 10)
        let x = random(Self.rows, 12, seed: 5)
        let weights = random(Self.rows, 12, seed: 6)
        func loss(_ x: Matrix<Float>) -> Double {
            inner(layer.forward(x.view, batch: batch, adapters: nil, options: nil, keeping: .nothing).y, weights)
        }
        let activations = layer.forward(
            x.view, batch: batch, adapters: nil, options: nil, keeping: .adapters
        ).activations!
        var (none, nothing): (AdapterGradients?, SelfAttention.Gradient?) = (nil, nil)
        let dx = layer.backward(
            weights.view, batch: batch, activations: activations, adapters: nil, options: nil, gradients: &none,
            full: &nothing, wantsInput: true)!
        check(x, dx, loss)
    }

    @Test("a text attends to itself alone")
    func textsAreApart() {
        let layer = SelfAttention(
            input: randomLinear("", outputs: 36, inputs: 12, seed: 1, parts: ["q", "k", "v"]),
            output: randomLinear("o", outputs: 12, inputs: 12, seed: 3), heads: 3)
        let batch = batch([4, 6], vocabulary: 10)
        let x = random(10, 12, seed: 5)
        var other = x
        for row in 4..<10 { other.setRow(row, to: random(12, seed: UInt64(row))) }
        let before = layer.forward(x.view, batch: batch, adapters: nil, options: nil, keeping: .nothing).y
        let after = layer.forward(other.view, batch: batch, adapters: nil, options: nil, keeping: .nothing).y
        #expect((0..<4).allSatisfy { before.row($0) == after.row($0) })
        #expect((4..<10).allSatisfy { before.row($0) != after.row($0) })
    }

    @Test("feed-forward: input, with both forms of GELU", arguments: [GELU.exact, .tanh])
    func feedForward(activation: GELU) {
        let layer = FeedForward(
            intermediate: randomLinear("i", outputs: 20, inputs: 9, seed: 1),
            output: randomLinear("o", outputs: 9, inputs: 20, seed: 3), activation: activation)
        let x = random(Self.rows, 9, seed: 5)
        let weights = random(Self.rows, 9, seed: 6)
        let activations = layer.forward(x.view, adapters: nil, options: nil, keeping: .adapters).activations!
        var (none, nothing): (AdapterGradients?, FeedForward.Gradient?) = (nil, nil)
        let dx = layer.backward(
            weights.view, activations: activations, adapters: nil, options: nil, gradients: &none, full: &nothing)
        check(x, dx) { inner(layer.forward($0.view, adapters: nil, options: nil, keeping: .nothing).y, weights) }
    }

    @Test("embeddings: all tables, with repeated tokens")
    func embeddings() {
        let tables = [random(15, 8, seed: 1), random(9, 8, seed: 2), random(2, 8, seed: 3)]
        let batch = batch([9, 1, 5, 8], vocabulary: 15)
        let weights = random(Self.rows, 8, seed: 4)
        func layer(_ tables: [Matrix<Float>]) -> EmbeddingLayer {
            EmbeddingLayer(
                word: tables[0].view, position: tables[1].view, tokenType: tables[2].view,
                normalization: LayerNormalization(
                    name: "n", gain: random(8, seed: 5), bias: random(8, seed: 6), epsilon: 1e-5))
        }
        let subject = layer(tables)
        let activations = subject.forward(batch, keepsInput: true).activations!
        var full = subject.zeroGradient
        subject.backward(weights.view, batch: batch, activations: activations, full: &full)
        for (i, gradient) in [full.word, full.position, full.tokenType].enumerated() {
            check(tables[i], gradient) { table in
                var others = tables
                others[i] = table
                return inner(layer(others).forward(batch).y, weights)
            }
        }
        #expect(full.tokenType.row(1).allSatisfy { $0 == 0 })
    }

    @Test(
        "pooling: the gradient of every mode, with and without a skipped prompt",
        arguments: PoolingMode.allCases.map { [$0] } + [[.cls, .mean, .max]], [[0, 0, 0, 0], [1, 2, 0, 3]])
    func pooling(modes: [PoolingMode], skipped: [Int]) {
        let texts = batch([9, 2, 5, 7], vocabulary: 15)
        let batch = TokenBatch(
            (0..<texts.count).map { Array(texts.ids[texts.range(of: $0)]) }, skipping: skipped)
        let pooling = Pooling(modes: modes)
        let hidden = random(Self.rows, 8, seed: 1)
        let weights = random(4, 8 * modes.count, seed: 2)
        let activations = pooling.forward(hidden.view, batch: batch).activations
        let dHidden = pooling.backward(weights.view, batch: batch, activations: activations)
        // A short step: the maximum is linear only as long as the same token holds it.
        check(hidden, dHidden, step: 1e-4, tolerance: 10 * finiteDifferenceTolerance) {
            inner(pooling.forward($0.view, batch: batch).y, weights)
        }
    }

    private var configuration: AdapterConfiguration { AdapterConfiguration(rank: 2, alpha: 1, targets: .attention) }

    private func replaced(_ layer: Linear, weight: Matrix<Float>, bias: [Float]) -> Linear {
        Linear(modules: layer.modules.map { ($0.name, weight[rows: $0.columns]) }, bias: bias)
    }

    /// Expects a gradient to agree with the loss's slope along three random directions.
    private func check(
        _ x: Matrix<Float>, _ gradient: Matrix<Float>, step: Float = 1e-2,
        tolerance: Double = finiteDifferenceTolerance, _ loss: (Matrix<Float>) -> Double,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for seed in UInt64(100)..<103 {
            let direction = random(x.rows, x.columns, seed: seed)
            let found = slope(step) { loss(moved(x, direction, $0)) }
            let error = mismatch(found, gradient, direction)
            #expect(error < tolerance, "\(error)", sourceLocation: sourceLocation)
        }
    }
}
