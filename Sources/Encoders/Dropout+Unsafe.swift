internal import VectorMath

/// LoRA's dropout: values of x become 0 with a probability, the others grow so that the expectation stays.
///
/// Which values fall is a function of seed, step, pass, module, row and column alone: neither threads nor the order of calls
/// matter, and the backward pass draws the mask again instead of keeping it.
enum Dropout {
    /// A number of a module's name (FNV-1a), the same in every process.
    static func stream(of name: String) -> UInt64 {
        name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// x `[T, in]` with dropped values.
    static func apply(_ options: TrainingOptions, stream: UInt64, to x: MatrixView<Float>) -> Matrix<Float> {
        let threshold = UInt64((options.dropout * 65536).rounded())
        let key = [UInt64(bitPattern: Int64(options.step)), UInt64(bitPattern: Int64(options.pass)), stream]
            .reduce(mix(options.seed)) { mix($0 ^ $1) }
        var y = Matrix(copying: x)
        guard threshold > 0 else { return y }
        // 65536 stands for a probability of 1, which no option allows; the factor is that of the probability in sixteen bits.
        let factor = 1 / (1 - Float(min(threshold, 65535)) / 65536)
        let (width, stride) = (y.columns, y.stride)
        let count = y.rows
        y.withUnsafeMutablePointer { y in
            parallelFor(count, grain: 64) { rows in
                for row in rows {
                    let values = y + row * stride
                    drop(values, width, threshold: min(threshold, 65535), key: mix(key &+ UInt64(row) &* increment))
                    RowKernels.scale(values, count: width, by: factor)
                }
            }
        }
        return y
    }

    /// Sets the dropped values of a row to 0: sixteen random bits decide on each.
    private static func drop(_ row: UnsafeMutablePointer<Float>, _ count: Int, threshold: UInt64, key: UInt64) {
        var state = key
        var column = 0
        while column < count {
            state &+= increment
            var word = mix(state)
            for lane in column..<min(column + 4, count) {
                if word & 0xffff < threshold { row[lane] = 0 }
                word >>= 16
            }
            column += 4
        }
    }

    private static let increment: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// The output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
