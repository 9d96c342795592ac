internal import VectorMath

/// LoRA's dropout: values of x become 0 with a probability, the others grow so that the expectation stays.
///
/// Which values fall is a function of seed, step, pass, module, row and column alone: neither threads nor the order of calls
/// matter, and the backward pass draws the mask again instead of keeping it.
struct Dropout {
    private let threshold: UInt16
    private let factor: Float
    private let key: UInt64

    /// The mask of one module in one pass; nil where nothing is dropped.
    init?(_ options: TrainingOptions?, stream: UInt64) {
        guard let options else { return nil }
        // 65536 would stand for a probability of 1, which no option allows; the factor is that of the probability in sixteen bits.
        threshold = UInt16(min((options.dropout * 65536).rounded(), 65535))
        guard threshold > 0 else { return nil }
        factor = 1 / (1 - Float(threshold) / 65536)
        key = [UInt64(bitPattern: Int64(options.step)), UInt64(bitPattern: Int64(options.pass)), stream]
            .reduce(Self.mix(options.seed)) { Self.mix($0 ^ $1) }
    }

    /// Drops values of a row of the pass.
    func apply(to values: UnsafeMutablePointer<Float>, count: Int, row: Int) {
        let rowKey = Self.mix(key &+ UInt64(row) &* 0x9e37_79b9_7f4a_7c15)
        RowKernels.dropout(values, count: count, threshold: threshold, key: rowKey, factor: factor)
    }

    /// x `[T, in]` with dropped values.
    static func apply(_ options: TrainingOptions, stream: UInt64, to x: MatrixView<Float>) -> Matrix<Float> {
        var y = Matrix(copying: x)
        guard let mask = Dropout(options, stream: stream) else { return y }
        let (width, stride) = (y.columns, y.stride)
        let count = y.rows
        y.withUnsafeMutablePointer { y in
            parallelFor(count, grain: 64) { rows in
                for row in rows { mask.apply(to: y + row * stride, count: width, row: row) }
            }
        }
        return y
    }

    /// A number of a module's name (FNV-1a), the same in every process.
    static func stream(of name: String) -> UInt64 {
        name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// The output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
