internal import VectorMath

extension SegmentCodes {
    /// Rows whose sum is one addition of the mean's.
    private static let meanGrain = 4096

    /// Makes the codes of rows, on all cores; the same bytes for any number of threads and on any processor.
    ///
    /// - Parameters:
    ///   - row: A row's `[D]` numbers: where they stand or, where they have to be made, in the given `[D]`; called from
    ///     several threads.
    /// - Returns: Nil where the vectors lie so far from zero that differences between them have no digits left.
    init?(metric: Metric, dimension: Int, count: Int, row: CodeEncoding.Rows) {
        let centre = Self.mean(dimension: dimension, count: count, row: row)
        guard let scale = Self.scale(centre: centre, count: count, metric: metric, row: row) else { return nil }
        encoding = CodeEncoding(
            metric: metric, centre: centre, scale: scale,
            rotation: RandomRotation(dimension: dimension, seed: CodeEncoding.seed))
        blocks = encoding.encode(count: count, row: row).view
    }

    /// The mean in double precision: sums of fixed runs of rows, added in their order.
    private static func mean(dimension: Int, count: Int, row: CodeEncoding.Rows) -> [Float] {
        let runs = max(1, (count + meanGrain - 1) / meanGrain)
        var sums = [Double](repeating: 0, count: runs * dimension)
        sums.withUnsafeMutableBufferPointer { sums in
            guard let base = sums.baseAddress else { return }
            nonisolated(unsafe) let partial = base
            parallelFor(count, grain: meanGrain) { run in
                let own = partial + run.lowerBound / meanGrain * dimension
                withUnsafeTemporaryAllocation(of: Float.self, capacity: dimension) { scratch in
                    guard let scratch = scratch.baseAddress else { return }
                    for index in run { CodeKernels.add(row(index, scratch), count: dimension, to: own) }
                }
            }
        }
        return (0..<dimension).map { column in
            Float((0..<runs).reduce(0) { $0 + sums[$1 * dimension + column] } / Double(max(1, count)))
        }
    }

    /// A power of two near one over the usual distance from the centre, as the first rows have it.
    private static func scale(
        centre: [Float], count: Int, metric: Metric, row: CodeEncoding.Rows
    ) -> Float? {
        let sample = min(count, 1024)
        var (residual, scratch) = (centre, centre)
        var total = 0.0
        for index in 0..<sample {
            residual.withUnsafeMutableBufferPointer { residual in
                guard let out = residual.baseAddress else { return }
                scratch.withUnsafeMutableBufferPointer { scratch in
                    guard let numbers = scratch.baseAddress.map({ row(index, $0) }) else { return }
                    CodeKernels.residual(
                        numbers, centre: centre, count: centre.count, scale: 1, into: out, width: centre.count)
                }
                total += CodeKernels.norms(out, count: centre.count).squares
            }
        }
        guard total > 0 else { return 1 }
        let exponent = Int((total / Double(sample)).exponent) / 2
        guard abs(exponent) < 100 else { return nil }
        let scale = Float(sign: .plus, exponent: -exponent, significand: 1)
        let distance = CodeKernels.norms(centre, count: centre.count).squares * Double(scale) * Double(scale)
        return distance <= CodeBound.squares.upperBound ? scale : nil
    }
}

extension CodeEncoding {
    /// A row's `[D]` numbers: where they stand or, where they have to be made, in the given `[D]`.
    typealias Rows = (Int, UnsafeMutablePointer<Float>) -> UnsafePointer<Float>

    /// Blocks of codes that one thread makes at a time.
    private static let blockGrain = 8

    /// The blocks of rows.
    func encode(count: Int, row: CodeEncoding.Rows) -> Matrix<UInt8> {
        let blockCount = Self.blockCount(count)
        var blocks = Matrix<UInt8>(rows: blockCount, columns: blockSize)
        precondition(blocks.stride == blockSize, "blocks of \(blockSize) bytes have gaps")
        let scaledCentre = centre.map { $0 * scale }
        blocks.withUnsafeMutablePointer { base in
            nonisolated(unsafe) let base = base
            parallelFor(blockCount, grain: Self.blockGrain) { range in
                // One row more, for numbers that have to be made.
                var rotated = Matrix<Float>(uninitializedRows: CodeKernels.blockCount + 1, columns: width)
                for block in range {
                    let first = block * CodeKernels.blockCount
                    let rows = first..<min(count, first + CodeKernels.blockCount)
                    encode(rows, row: row, centre: scaledCentre, scratch: &rotated, into: base + block * blockSize)
                }
            }
        }
        return blocks
    }

    private func encode(
        _ rows: Range<Int>, row: CodeEncoding.Rows, centre scaledCentre: [Float],
        scratch: inout Matrix<Float>, into block: UnsafeMutablePointer<UInt8>
    ) {
        let factors = UnsafeMutableRawPointer(block + CodeKernels.codeSize(width: width))
            .assumingMemoryBound(to: Float.self)
        let stride = scratch.stride
        scratch.withUnsafeMutablePointer { base in
            for (place, index) in rows.enumerated() {
                let (vector, source) = (base + place * stride, row(index, base + CodeKernels.blockCount * stride))
                CodeKernels.residual(
                    source, centre: centre, count: dimension, scale: scale, into: vector, width: width)
                let addend = hasAddends ? -CodeKernels.dot(vector, scaledCentre, count: dimension) : 0
                rotation.apply(vector)
                let norms = CodeKernels.norms(vector, count: width)
                // A vector without a usable code has factors of 0, which no search rules out.
                guard CodeBound.squares.contains(norms.squares), hasUsualLength(source) else { continue }
                factors[place] = Float(norms.squares)
                factors[CodeKernels.blockCount + place] = Float(norms.squares / norms.magnitudes)
                if hasAddends { factors[2 * CodeKernels.blockCount + place] = Float(addend) }
            }
        }
        CodeKernels.pack(scratch.view.rows(0..<rows.count), into: block)
    }

    private func hasUsualLength(_ row: UnsafePointer<Float>) -> Bool {
        metric != .cosine || abs(CodeKernels.norms(row, count: dimension).squares - 1) <= CodeBound.unitSlack
    }
}

extension SegmentCodes {
    /// The codes of stored rows. `metric` is what codes are made for.
    init?(of vectors: StoredVectors, metric: Metric) {
        self.init(metric: metric, dimension: vectors.dimension, count: vectors.count, row: vectors.numbers)
    }
}
