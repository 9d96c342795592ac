internal import VectorMath

/// The results of `body` for 0..<count in order, made on all threads; the error of the first index that fails is thrown.
func parallelMap<Output>(
    _ count: Int, _ body: (Int) throws(LowRankError) -> Output
) throws(LowRankError) -> [Output] {
    let results = Guarded<[Result<Output, LowRankError>?]>(Array(repeating: nil, count: count))
    parallelFor(count) { range in
        for index in range {
            let result = Result { () throws(LowRankError) in try body(index) }
            results.withLock { $0[index] = result }
        }
    }
    var outputs: [Output] = []
    outputs.reserveCapacity(count)
    for result in results.withLock({ $0 }) { outputs.append(try result!.get()) }
    return outputs
}
