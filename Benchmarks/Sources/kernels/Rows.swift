import Harness
import VectorMath

/// What stands between the products of a transformer: bytes read and written a second, in cache.
enum Rows {
    static func measure() -> [Row] {
        let (tokens, width) = (64, 384)
        let x = randomMatrix(tokens, width)
        let dy = randomMatrix(tokens, width, seed: 2)
        let gain = [Float](repeating: 1, count: width)
        let bias = [Float](repeating: 0, count: width)
        var y = Matrix<Float>(rows: tokens, columns: width)
        let shape = "\(tokens) × \(width)"
        let bytes = Double(4 * tokens * width)

        func row(_ name: String, passes: Double, _ body: () -> Void) -> Row {
            Row(name, shape, seconds: Timing.median(body), bytes: passes * bytes)
        }
        var statistics: LayerNormStatistics? = LayerNormStatistics()
        layerNorm(x.view, gain: gain, bias: bias, epsilon: 1e-12, into: &y, statistics: &statistics)
        let saved = statistics!
        var scores = x
        var none: [Float]?
        var noBias: [Float]?
        return [
            row("softmax", passes: 2) { softmaxRows(&scores, scale: 0.5) },
            row("softmax, backward", passes: 3) { softmaxRowsBackward(dy.view, y: x.view, scale: 0.5, into: &y) },
            row("layer norm", passes: 2) {
                var statistics: LayerNormStatistics?
                layerNorm(x.view, gain: gain, bias: bias, epsilon: 1e-12, into: &y, statistics: &statistics)
            },
            row("layer norm, backward", passes: 3) {
                layerNormBackward(
                    dy.view, x: x.view, gain: gain, statistics: saved, into: &y, accumulatingGain: &none,
                    accumulatingBias: &noBias)
            },
            row("GELU, erf", passes: 2) { gelu(x.view, .exact, into: &y) },
            row("GELU, erf, backward", passes: 3) { geluBackward(dy.view, x: x.view, .exact, into: &y) },
            row("GELU, tanh", passes: 2) { gelu(x.view, .tanh, into: &y) },
            row("GELU, tanh, backward", passes: 3) { geluBackward(dy.view, x: x.view, .tanh, into: &y) },
        ]
    }
}
