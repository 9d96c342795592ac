internal import CAttuneKernels

/// Kernels on rows of floats by raw pointer, of the instruction set in use: for the bodies of
/// ``parallelFor(_:grain:_:)``. Pointers need no alignment; `count` is in floats.
public enum RowKernels {
    /// x = softmax(scale·x). A row of -inf only gives NaN.
    public static func softmax(_ x: UnsafeMutablePointer<Float>, count: Int, scale: Float = 1) {
        kernels.softmax(x, count, scale)
    }

    /// dx = scale·y·(dy - Σ dy·y), for y = softmax(scale·x). `dx` may be `dy`.
    public static func softmaxBackward(
        _ dy: UnsafePointer<Float>, y: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, count: Int,
        scale: Float = 1
    ) {
        kernels.softmax_backward(dy, y, dx, count, scale)
    }

    /// y += alpha·x.
    public static func axpy(
        _ alpha: Float, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, count: Int
    ) {
        kernels.axpy(alpha, x, y, count)
    }

    /// y += x.
    public static func add(_ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, count: Int) {
        kernels.axpy(1, x, y, count)
    }

    /// x *= factor.
    public static func scale(_ x: UnsafeMutablePointer<Float>, count: Int, by factor: Float) {
        kernels.scale(factor, x, count)
    }

    /// y *= x, element by element.
    public static func multiply(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        kernels.multiply(x, y, count)
    }

    /// y = e^x, within 1.1 ULP. `y` may be `x`.
    public static func exponential(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        kernels.exponential(x, y, count)
    }

    /// Σ a·b.
    public static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
        kernels.dot(a, b, count)
    }

    /// Σ x.
    public static func sum(_ x: UnsafePointer<Float>, count: Int) -> Float {
        kernels.sum(x, count)
    }

    /// Σ x², in double precision.
    public static func sumOfSquares(_ x: UnsafePointer<Float>, count: Int) -> Double {
        kernels.sum_squares(x, count)
    }

    /// The largest |x|: 0 for none, NaN when there is one.
    public static func maxAbs(_ x: UnsafePointer<Float>, count: Int) -> Float {
        kernels.max_abs(x, count)
    }

    /// y = GELU(x). `y` may be `x`.
    public static func gelu(
        _ x: UnsafePointer<Float>, _ form: GELU, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        switch form {
        case .exact: kernels.gelu_erf(x, y, count)
        case .tanh: kernels.gelu_tanh(x, y, count)
        }
    }

    /// dx = dy·GELU'(x). `dx` may be `dy` or `x`.
    public static func geluBackward(
        _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, _ form: GELU, into dx: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        switch form {
        case .exact: kernels.gelu_erf_backward(dy, x, dx, count)
        case .tanh: kernels.gelu_tanh_backward(dy, x, dx, count)
        }
    }

    /// x /= max(|x|, epsilon); returns the divisor.
    public static func normalize(_ x: UnsafeMutablePointer<Float>, count: Int, epsilon: Float = 1e-12) -> Float {
        kernels.normalize(x, count, epsilon)
    }

    /// dx = (dy - y·Σ dy·y) / norm, for y = x / norm. `dx` may be `dy`.
    public static func normalizeBackward(
        _ dy: UnsafePointer<Float>, normalized y: UnsafePointer<Float>, norm: Float,
        into dx: UnsafeMutablePointer<Float>, count: Int
    ) {
        kernels.normalize_backward(dy, y, norm, dx, count)
    }

    /// y = (x - mean) / √(variance + epsilon) · gain + bias. `y` may be `x`.
    public static func layerNorm(
        _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, bias: UnsafePointer<Float>, count: Int,
        epsilon: Float, into y: UnsafeMutablePointer<Float>
    ) {
        var (mean, deviation): (Float, Float) = (0, 0)
        kernels.layer_norm(x, gain, bias, count, epsilon, y, &mean, &deviation)
    }

    /// The same; mean and reciprocal deviation are handed back for the way back.
    public static func layerNorm(
        _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, bias: UnsafePointer<Float>, count: Int,
        epsilon: Float, into y: UnsafeMutablePointer<Float>, mean: inout Float, reciprocalDeviation: inout Float
    ) {
        kernels.layer_norm(x, gain, bias, count, epsilon, y, &mean, &reciprocalDeviation)
    }

    /// dx of a layer normalisation of x. `dx` may be `dy`.
    public static func layerNormBackward(
        _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, gain: UnsafePointer<Float>, mean: Float,
        reciprocalDeviation: Float, count: Int, into dx: UnsafeMutablePointer<Float>
    ) {
        kernels.layer_norm_backward(dy, x, gain, mean, reciprocalDeviation, count, dx)
    }

    /// y = GELU(x) in bfloat16, computed in float32. `y` may be `x`.
    public static func gelu(
        _ x: UnsafePointer<BFloat16>, _ form: GELU, into y: UnsafeMutablePointer<BFloat16>, count: Int
    ) {
        attune_gelu_bf16(Kernels.current.table, form == .tanh ? 1 : 0, bits(x), bits(y), count)
    }

    /// dx = dy·GELU'(x), x and dx in bfloat16. `dx` may be `x`.
    public static func geluBackward(
        _ dy: UnsafePointer<Float>, x: UnsafePointer<BFloat16>, _ form: GELU,
        into dx: UnsafeMutablePointer<BFloat16>, count: Int
    ) {
        attune_gelu_backward_bf16(Kernels.current.table, form == .tanh ? 1 : 0, dy, bits(x), bits(dx), count)
    }

    private static func bits(_ values: UnsafePointer<BFloat16>) -> UnsafePointer<UInt16> {
        UnsafeRawPointer(values).assumingMemoryBound(to: UInt16.self)
    }

    private static func bits(_ values: UnsafeMutablePointer<BFloat16>) -> UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(values).assumingMemoryBound(to: UInt16.self)
    }

    /// y `[columns, rows]` += factor · xᵀ, for x `[rows, columns]`.
    public static func addTransposed(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, factor: Float,
        to y: UnsafeMutablePointer<Float>, targetStride: Int
    ) {
        attune_add_transposed(x, stride, rows, columns, factor, y, targetStride)
    }

    /// Sets values to 0 with a probability of threshold / 65536, and multiplies the others. The key decides which.
    public static func dropout(
        _ x: UnsafeMutablePointer<Float>, count: Int, threshold: UInt16, key: UInt64, factor: Float
    ) {
        attune_dropout(x, count, UInt32(threshold), key, factor)
    }

    /// x ~ scale · (y - zero), y from 0 to 255: the row's range, widened to hold 0, in 255 equal steps.
    public static func quantize(
        _ x: UnsafePointer<Float>, count: Int, into y: UnsafeMutablePointer<UInt8>
    ) -> (scale: Float, zero: Int32) {
        var (scale, zero): (Float, Int32) = (1, 0)
        kernels.quantize(x, count, y, &scale, &zero)
        return (scale, zero)
    }
}
