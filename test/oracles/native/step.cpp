// A second implementation of the learning step, from docs/numerics.md alone: every value is an exact sc_fxval, every Q is an assignment to an
// sc_fix or sc_ufix (IEEE 1666). SystemC divides to a fixed number of bits only, so quotients and the square root go through sc_signed.
//
// Reads plans and the batches delivered to them as words (test/oracles/stepText.ts writes them) and prints the state after every step.
#define SC_INCLUDE_FX
#include <systemc>

#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace sc_dt;
using Value = sc_fxval;
using Row = std::vector<Value>;

// ---------------------------------------------------------------- numbers

/** Wide enough for every exact integer of a step and what a quotient adds. */
static const int WIDE = 640;

static Value shifted(const Value& value, int left) { return left >= 0 ? value << left : value >> -left; }

static Value read_integer(std::istream& in) {
    std::string text;
    in >> text;
    sc_signed integer(int(4 * text.size() + 4));
    integer = text.c_str();
    return Value(integer);
}

/** An integer value of at most 65 bits as decimal text. */
static std::string text_of(const Value& integer) {
    sc_signed bits(66);
    bits = integer;
    return bits.to_string(SC_DEC);
}

/** Exact integer: `value` must have no fraction bits. */
static sc_signed integer_of(const Value& value) {
    sc_signed bits(WIDE);
    bits = value;
    if (Value(bits) != value) throw std::logic_error("not an integer, or too wide");
    return bits;
}

/** a / b, b > 0, good for one rounding at `fraction` bits: the floor with three bits more, and a last bit that says whether anything is left. */
static Value quotient(const Value& a, const Value& b, int fraction, int common) {
    const int keep = fraction + 3;
    const sc_signed n = integer_of(shifted(a, common + (keep > 0 ? keep : 0)));
    const sc_signed d = integer_of(shifted(b, common + (keep < 0 ? -keep : 0)));
    sc_signed q(WIDE), rest(WIDE);
    q = n / d;
    rest = n - q * d;
    if (rest < 0) q -= 1;
    sc_signed sticky(WIDE);
    sticky = q * 2;
    if (rest != 0) sticky += 1;
    return shifted(Value(sticky), -(keep + 1));
}

/** Floor of the square root of an integer n >= 0. */
static sc_signed square_root(const sc_signed& n) {
    sc_signed root(WIDE), rest(WIDE), bit(WIDE), next(WIDE);
    root = 0;
    rest = n;
    bit = 1;
    bit <<= WIDE - 4;
    while (bit > rest) bit >>= 2;
    while (bit != 0) {
        next = root + bit;
        root >>= 1;
        if (rest >= next) {
            rest -= next;
            root += bit;
        }
        bit >>= 2;
    }
    return root;
}

// ---------------------------------------------------------------- sites

struct Counters {
    long count = 0, high = 0, low = 0, underflow = 0, near_rail = 0;
    std::string min = "-", max = "-", first = "-";
    Value min_value, max_value;
};

static sc_q_mode rounding_of(const std::string& name) {
    static const std::map<std::string, sc_q_mode> modes = {
        {"TRN", SC_TRN}, {"TRN_ZERO", SC_TRN_ZERO}, {"RND", SC_RND}, {"RND_ZERO", SC_RND_ZERO},
        {"RND_INF", SC_RND_INF}, {"RND_MIN_INF", SC_RND_MIN_INF}, {"RND_CONV", SC_RND_CONV},
    };
    return modes.at(name);
}

static sc_o_mode overflow_of(const std::string& name) {
    static const std::map<std::string, sc_o_mode> modes = {
        {"SAT", SC_SAT}, {"SAT_ZERO", SC_SAT_ZERO}, {"SAT_SYM", SC_SAT_SYM}, {"WRAP", SC_WRAP}, {"WRAP_SM", SC_WRAP_SM},
    };
    return modes.at(name);
}

class Site {
public:
    int fraction = 0;

    void read(std::istream& in) {
        std::string sign, rounding, overflow;
        int w, n;
        in >> sign >> w >> fraction >> rounding >> overflow >> n;
        low = read_integer(in);
        high = read_integer(in);
        const sc_q_mode q = rounding_of(rounding);
        const sc_o_mode o = overflow_of(overflow);
        if (sign == "s") into_signed.reset(new sc_fix(w, w - fraction, q, o, n));
        else into_unsigned.reset(new sc_ufix(w, w - fraction, q, o, n));
        rounded.reset(new sc_fix(WIDE, WIDE - fraction, q, SC_WRAP, 0));
    }

    /** Value of a raw. */
    Value of(const Value& raw) const { return shifted(raw, -fraction); }
    Value raw(const Value& value) const { return shifted(value, fraction); }

    /** Q(x), not counted. */
    Value constant(const Value& x) { return raw_of(x); }

    /** Q(x). */
    Value operator()(const Value& x, long step, long element) {
        *rounded = x;
        return count(raw(Value(*rounded)), x != 0, raw_of(x), step, element);
    }

    /** Counts an integer that was rounded already, and saturates it. */
    Value saturate(const Value& integer, bool nonzero, long step, long element) {
        return count(integer, nonzero, clipped(integer), step, element);
    }

    void print(std::ostream& out) const {
        out << counters.count << ' ' << counters.high << ' ' << counters.low << ' ' << counters.underflow << ' ' << counters.near_rail << ' '
            << counters.min << ' ' << counters.max << ' ' << counters.first;
    }

    static bool counting;

private:
    std::unique_ptr<sc_fix> into_signed, rounded;
    std::unique_ptr<sc_ufix> into_unsigned;
    Value low, high;
    Counters counters;

    Value clipped(const Value& integer) const { return integer > high ? high : integer < low ? low : integer; }

    /** The raw that SystemC makes of x. Only SAT has rails inside the format, so clipping to them changes nothing for the other modes. */
    Value raw_of(const Value& x) {
        if (into_signed) {
            *into_signed = x;
            return clipped(raw(Value(*into_signed)));
        }
        *into_unsigned = x;
        return clipped(raw(Value(*into_unsigned)));
    }

    /** The value of `result`, counted. */
    Value count(const Value& wanted, bool nonzero, const Value& result, long step, long element) {
        if (!counting) return of(result);
        const bool above = wanted > high, below = wanted < low;
        counters.count++;
        if (above) counters.high++;
        if (below) counters.low++;
        if (nonzero && result == 0 && !above && !below) counters.underflow++;
        if ((result > 0 && high > 0 && 20 * result >= 19 * high) || (result < 0 && low < 0 && 20 * result <= 19 * low)) counters.near_rail++;
        if (counters.count == 1 || result < counters.min_value) {
            counters.min_value = result;
            counters.min = text_of(result);
        }
        if (counters.count == 1 || result > counters.max_value) {
            counters.max_value = result;
            counters.max = text_of(result);
        }
        if ((above || below) && counters.first == "-") {
            const Value end = shifted(Value(1), 63);
            const Value clip = wanted >= end ? end - 1 : wanted < -end ? -end : wanted;
            counters.first = std::to_string(step) + "," + std::to_string(element) + "," + text_of(clip) + "," + text_of(result);
        }
        return of(result);
    }
};

bool Site::counting = true;

// ---------------------------------------------------------------- plan

struct Layer {
    int inputs, outputs;
    bool relu, bias;
    long parameters() const { return long(outputs) * inputs + (bias ? outputs : 0); }
};

struct Phase {
    long steps;
    Value eta;
    bool throttle, anchor;
};

struct Batch {
    long count;
    std::vector<Row> x, y;
};

class Run {
public:
    explicit Run(std::istream& input) : in(input) {}
    void go();

private:
    std::istream& in;
    std::vector<Layer> layers;
    std::map<std::string, Site> sites;
    std::vector<std::string> keys;
    std::vector<Phase> phases;
    std::vector<Batch> batches;
    /** Per layer: weights row by row, then biases. */
    std::vector<Row> theta, gradient, update;
    std::string forward_rule, gradient_rule, order, division, divider;
    int divider_bits = 0;
    long t = 0;

    // throttle
    std::string law, estimator;
    bool keep_state, hold_curvature;
    Value chi, rho, floor_alpha, first_alpha, one;
    bool has_history = false, has_choice = false, infeasible = false;
    Value curvature, mean, choice;
    std::vector<Row> last_theta, last_gradient;

    // anchor
    std::string anchor_law;
    Value lambda, ratio;
    long calibration, window, consecutive, hold;
    std::vector<Row> anchor;
    bool locked = true;
    long held = 0, run = 0, seen = 0, events = 0;
    Value sum, sum_of_squares, loss_mean, loss_variance;
    std::vector<Value> losses;

    // what the forward pass leaves: [layer][sample][unit]
    std::vector<std::vector<Row>> a, z, delta;

    Site& site(const std::string& key) { return sites.at(key); }
    Site& site(size_t l, const std::string& name) { return sites.at("layer" + std::to_string(l) + "." + name); }

    void read();
    Value accumulate(Site& site, const std::string& rule, const Row& products, const Value* bias, long element);
    void round_products(const std::string& key, Row& products, long element);
    Value divide(const Value& a, const Value& b, int fraction, int common);
    Value forward(const Batch& batch);
    void backward(const Batch& batch);
    Value difference(const std::vector<Row>& now, const std::vector<Row>& before);
    Value norm(const Value& square);
    bool secant();
    void trace(const Batch& batch);
    Value gt0(const Value& eta, bool estimated, bool on);
    Value table(const Value& eta);
    Value throttle(const Batch& batch, const Phase& phase, bool fresh);
    bool pulls(const Value& loss, const Phase& phase, bool fresh);
    void forget();
    void print(const Value& loss, const Value& alpha, const Value& rate, bool stalled, bool zero_update, bool pulling);
    void print_rows(const char* name, const std::vector<Row>& rows, const char* weights, const char* biases);
};

void Run::read() {
    size_t count;
    in >> count;
    for (size_t l = 0; l < count; l++) {
        Layer layer;
        in >> layer.inputs >> layer.outputs >> layer.relu >> layer.bias;
        layers.push_back(layer);
    }
    in >> count;
    for (size_t i = 0; i < count; i++) {
        std::string key;
        in >> key;
        keys.push_back(key);
        sites[key].read(in);
    }
    for (size_t l = 0; l < layers.size(); l++) {
        theta.push_back(Row());
        for (long i = 0; i < layers[l].parameters(); i++)
            theta[l].push_back(site(l, i < long(layers[l].outputs) * layers[l].inputs ? "weight" : "bias").of(read_integer(in)));
    }
    in >> count;
    for (size_t p = 0; p < count; p++) {
        Phase phase;
        in >> phase.steps;
        phase.eta = site("learningRate").of(read_integer(in));
        in >> phase.throttle >> phase.anchor;
        phases.push_back(phase);
    }
    in >> forward_rule >> gradient_rule >> order >> division >> divider >> divider_bits;
    in >> law >> estimator >> keep_state >> hold_curvature;
    chi = site("throttleTarget").of(read_integer(in));
    rho = site("meanRate").of(read_integer(in));
    floor_alpha = site("throttle").of(read_integer(in));
    first_alpha = site("throttle").of(read_integer(in));
    one = Value(1);
    in >> anchor_law;
    lambda = site("anchorRate").of(read_integer(in));
    ratio = site("eventRatio").of(read_integer(in));
    in >> calibration >> window >> consecutive >> hold;
    in >> count;
    for (size_t i = 0; i < count; i++) {
        Batch batch;
        in >> batch.count;
        for (long b = 0; b < batch.count; b++) {
            batch.x.push_back(Row());
            batch.y.push_back(Row());
            const int width = layers.front().inputs + layers.back().outputs;
            for (int k = 0; k < width; k++) {
                const Value integer = read_integer(in);
                int fraction;
                in >> fraction;
                (k < layers.front().inputs ? batch.x : batch.y).back().push_back(shifted(integer, -fraction));
            }
        }
        batches.push_back(batch);
    }
    if (!in) throw std::runtime_error("the plan ends early");
}

// ---------------------------------------------------------------- section 5

Value Run::accumulate(Site& at, const std::string& rule, const Row& products, const Value* bias, long element) {
    Value s(0);
    const size_t together = rule == "each" ? 1 : rule == "pair" ? 2 : rule == "end" ? products.size() : std::stoul(rule);
    for (size_t i = 0; i < products.size();) {
        for (size_t k = 0; k < together && i < products.size(); k++, i++) s += products[order == "descending" ? products.size() - 1 - i : i];
        if (rule != "end") s = at(s, t, element);
    }
    if (bias) s += *bias;
    return bias || rule == "end" ? at(s, t, element) : s;
}

/** Rounds the products of a sum where the plan has a site for them, in the order they are added. */
void Run::round_products(const std::string& key, Row& products, long element) {
    if (!sites.count(key)) return;
    for (size_t k = 0; k < products.size(); k++) {
        Value& p = products[order == "descending" ? products.size() - 1 - k : k];
        p = site(key)(p, t, element);
    }
}

/** Section 6.1: a / b as the target divides; b times 2^common is an integer. */
Value Run::divide(const Value& a, const Value& b, int fraction, int common) {
    if (divider == "exact") return quotient(a, b, fraction, common);
    const sc_signed d = integer_of(shifted(b, common));
    int e = 0;
    while ((d >> (e + 1)) != 0) e++;
    sc_signed power(WIDE);
    power = 1;
    power <<= e;
    if (divider == "powerOfTwo") {
        if (power != d) e++;
        return shifted(a, common - e);
    }
    const long m = (e >= divider_bits ? sc_signed(d >> (e - divider_bits)) : sc_signed(d << (divider_bits - e))).to_long();
    // to nearest: 2^(2k + 2) / (2m + 1)
    const long odd = 2 * m + 1, whole = (1L << (2 * divider_bits + 2)) / odd, rest = (1L << (2 * divider_bits + 2)) % odd;
    const long reciprocal = whole + (2 * rest > odd ? 1 : 0);
    return shifted(a * Value(int(reciprocal)), common - (divider_bits + 1 + e));
}

/** Fills a, z and the errors of the last layer; gives the loss. */
Value Run::forward(const Batch& batch) {
    const size_t depth = layers.size();
    a.assign(depth + 1, std::vector<Row>(batch.count));
    z.assign(depth, std::vector<Row>(batch.count));
    delta.assign(depth, std::vector<Row>(batch.count));
    std::vector<Row> targets(batch.count);
    for (long b = 0; b < batch.count; b++) {
        for (size_t k = 0; k < batch.x[b].size(); k++) a[0][b].push_back(site("input")(batch.x[b][k], t, b * batch.x[b].size() + k));
        for (size_t k = 0; k < batch.y[b].size(); k++) targets[b].push_back(site("target")(batch.y[b][k], t, b * batch.y[b].size() + k));
    }
    Value squares(0);
    for (long b = 0; b < batch.count; b++) {
        for (size_t l = 0; l < depth; l++) {
            const Layer& layer = layers[l];
            for (int o = 0; o < layer.outputs; o++) {
                Row products;
                for (int i = 0; i < layer.inputs; i++) products.push_back(theta[l][long(o) * layer.inputs + i] * a[l][b][i]);
                const Value* bias = layer.bias ? &theta[l][long(layer.outputs) * layer.inputs + o] : nullptr;
                const long element = b * layer.outputs + o;
                round_products("layer" + std::to_string(l) + ".product", products, element);
                const Value s = accumulate(site(l, "accumulator"), forward_rule, products, bias, element);
                const Value out = site(l, "activation")(s, t, element);
                z[l][b].push_back(out);
                a[l + 1][b].push_back(layer.relu && out < 0 ? Value(0) : out);
            }
        }
        for (int o = 0; o < layers.back().outputs; o++) {
            const Value e = site(depth - 1, "error")(a[depth][b][o] - targets[b][o], t, b * layers.back().outputs + o);
            delta[depth - 1][b].push_back(e);
            squares += e * e;
        }
    }
    Site& loss = site("loss");
    return loss(quotient(squares, Value(2 * batch.count), loss.fraction, 2 * std::max(0, site(depth - 1, "error").fraction)), t, 0);
}

/** Hidden errors and gradients. */
void Run::backward(const Batch& batch) {
    for (size_t l = layers.size() - 1; l-- > 0;) {
        const Layer& next = layers[l + 1];
        for (long b = 0; b < batch.count; b++) {
            for (int o = 0; o < layers[l].outputs; o++) {
                Value s(0);
                for (int j = 0; j < next.outputs; j++) s += theta[l + 1][long(j) * next.inputs + o] * delta[l + 1][b][j];
                const Value d = site(l, "error")(s, t, b * layers[l].outputs + o);
                delta[l][b].push_back(layers[l].relu && z[l][b][o] <= 0 ? Value(0) : d);
            }
        }
    }
    gradient.assign(layers.size(), Row());
    int log2_up = 0;
    while ((1L << log2_up) < batch.count) log2_up++;
    const bool exact_power = (1L << log2_up) == batch.count;
    for (size_t l = 0; l < layers.size(); l++) {
        const Layer& layer = layers[l];
        for (long p = 0; p < layer.parameters(); p++) {
            const bool weight = p < long(layer.outputs) * layer.inputs;
            Row products;
            for (long b = 0; b < batch.count; b++)
                products.push_back(weight ? delta[l][b][p / layer.inputs] * a[l][b][p % layer.inputs] : delta[l][b][p - long(layer.outputs) * layer.inputs]);
            if (weight) round_products("layer" + std::to_string(l) + ".gradientProduct", products, p);
            const Value G = accumulate(site(l, "gradientAccumulator"), gradient_rule, products, nullptr, p);
            Site& g = site(l, "gradient");
            Value divided;
            if (exact_power || division == "powerOfTwo") {
                divided = shifted(G, -log2_up);
            } else if (division == "reciprocal") {
                Site& c = site("reciprocal");
                divided = G * c.of(c.constant(quotient(Value(1), Value(batch.count), c.fraction, 0)));
            } else {
                divided = quotient(G, Value(batch.count), g.fraction, std::max(0, site(l, "gradientAccumulator").fraction));
            }
            gradient[l].push_back(g(divided, t, p));
        }
    }
}

// ---------------------------------------------------------------- section 6

/** S of a difference over all parameters. */
Value Run::difference(const std::vector<Row>& now, const std::vector<Row>& before) {
    Value s(0);
    for (size_t l = 0; l < now.size(); l++) {
        for (size_t p = 0; p < now[l].size(); p++) {
            const Value d = now[l][p] - before[l][p];
            s += d * d;
        }
    }
    return site("squaredNorm")(s, t, 0);
}

Value Run::norm(const Value& square) {
    Site& n = site("norm");
    const int fraction = site("squaredNorm").fraction;
    const sc_signed S = integer_of(site("squaredNorm").raw(square));
    const int left = 2 * n.fraction - fraction;
    sc_signed radicand(WIDE);
    if (left >= 0) radicand = S << left;
    else radicand = S >> -left;
    return n.saturate(Value(square_root(radicand)), square != 0, t, 0);
}

/** Updates C from the step before; false without one. */
bool Run::secant() {
    if (!has_history) return false;
    const Value s_theta = difference(theta, last_theta);
    const Value s_gradient = difference(gradient, last_gradient);
    if (s_theta == 0 && hold_curvature) return true;
    const Value n_gradient = norm(s_gradient);
    Value n_theta = norm(s_theta);
    if (n_theta == 0) {
        if (hold_curvature) return true;
        n_theta = shifted(Value(1), -site("norm").fraction);
    }
    Site& c = site("curvature");
    curvature = c(divide(n_gradient, n_theta, c.fraction, std::max(0, site("norm").fraction)), t, 0);
    return true;
}

void Run::trace(const Batch& batch) {
    Value s(0);
    for (size_t l = 0; l < layers.size(); l++) {
        for (long b = 0; b < batch.count; b++) {
            for (const Value& x : a[l][b]) s += x * x;
            if (layers[l].bias) s += 1;
        }
    }
    s = site("squaredNorm")(s, t, 0);
    Site& c = site("curvature");
    curvature = c(quotient(s, Value(batch.count), c.fraction, std::max(0, site("squaredNorm").fraction)), t, 0);
}

Value Run::gt0(const Value& eta, bool estimated, bool on) {
    if (estimated) mean = site("curvatureMean")(mean + rho * (curvature - mean), t, 0);
    if (!on) return one;
    if (!estimated) return first_alpha;
    const Value largest = curvature > mean ? curvature : mean;
    const Value product = eta * largest;
    Site& throttle = site("throttle");
    Value alpha = one;
    if (chi < product) {
        const int common = std::max(0, site("learningRate").fraction) + std::max(0, std::max(site("curvature").fraction, site("curvatureMean").fraction));
        alpha = throttle(divide(chi, product, throttle.fraction, std::max(common, site("throttleTarget").fraction)), t, 0);
    }
    if (alpha < floor_alpha) alpha = floor_alpha;
    return alpha < one ? alpha : one;
}

Value Run::table(const Value& eta) {
    if (!has_history) return first_alpha;
    const Value s_theta = difference(theta, last_theta);
    const Value s_gradient = difference(gradient, last_gradient);
    if (s_theta == 0) return has_choice ? choice : first_alpha;
    const Value right = chi * chi * (s_theta + site("squaredNorm").of(Value(1)));
    int chosen = 0;
    for (int entry : {32, 28, 24, 20, 16, 12, 8, 6, 5, 4, 2, 1}) {
        const Value share = shifted(Value(entry), -5);
        if (share * share * eta * eta * s_gradient <= right) {
            chosen = entry;
            break;
        }
    }
    infeasible = chosen == 0;
    choice = site("throttle")(shifted(Value(infeasible ? 1 : chosen), -5), t, 0);
    has_choice = true;
    return choice;
}

Value Run::throttle(const Batch& batch, const Phase& phase, bool fresh) {
    infeasible = false;
    if (law == "none") return one;
    if (fresh && !keep_state) {
        has_history = has_choice = false;
        curvature = mean = Value(0);
    }
    if (!phase.throttle && !keep_state) return one;
    Value alpha;
    if (law == "table") {
        alpha = table(phase.eta);
        if (!phase.throttle) alpha = one;
    } else {
        bool estimated = true;
        if (estimator == "trace") trace(batch);
        else estimated = secant();
        alpha = gt0(phase.eta, estimated, phase.throttle);
    }
    last_theta = theta;
    last_gradient = gradient;
    has_history = true;
    return alpha;
}

// ---------------------------------------------------------------- section 7

/** Locks on the parameters as they are now. */
void Run::forget() {
    anchor = theta;
    locked = true;
    held = run = seen = 0;
    sum = sum_of_squares = Value(0);
    losses.clear();
}

bool Run::pulls(const Value& loss, const Phase& phase, bool fresh) {
    if (anchor_law == "none" || !phase.anchor) return false;
    if (fresh) forget();
    if (anchor_law == "fixed") return true;
    if (!locked && held == 0) forget();
    if (locked) {
        const Value n(calibration);
        if (seen < calibration) {
            sum += loss;
            sum_of_squares += loss * loss;
            if (++seen == calibration) {
                loss_mean = site("lossMean")(sum, t, 0);
                Site& variance = site("lossVariance");
                loss_variance = variance(n * sum_of_squares - sum * sum, t, 0);
                const Value lsb = variance.of(Value(1));
                if (loss_variance < lsb) loss_variance = lsb;
            }
        } else {
            losses.push_back(loss);
            if (long(losses.size()) > window) losses.erase(losses.begin());
            if (long(losses.size()) == window) {
                Value s(0);
                for (const Value& one_loss : losses) {
                    const Value d = n * one_loss - loss_mean;
                    s += d * d;
                }
                const Value statistic = site("statistic")(s, t, 0);
                run = statistic > ratio * Value(window) * loss_variance ? run + 1 : 0;
                if (run == consecutive) {
                    locked = false;
                    held = hold;
                    events++;
                }
            }
        }
    }
    if (!locked) held--;
    return locked;
}

// ---------------------------------------------------------------- the run

void Run::print_rows(const char* name, const std::vector<Row>& rows, const char* weights, const char* biases) {
    std::cout << name;
    for (size_t l = 0; l < rows.size(); l++) {
        std::cout << " |";
        for (size_t p = 0; p < rows[l].size(); p++)
            std::cout << ' ' << text_of(site(l, p < size_t(layers[l].outputs) * layers[l].inputs ? weights : biases).raw(rows[l][p]));
    }
    std::cout << '\n';
}

void Run::print(const Value& loss, const Value& alpha, const Value& rate, bool stalled, bool zero_update, bool pulling) {
    std::cout << "step " << t << ' ' << text_of(site("loss").raw(loss)) << ' ' << text_of(site("throttle").raw(alpha)) << ' '
              << text_of(site("rate").raw(rate)) << ' ' << text_of(site("curvature").raw(curvature)) << ' '
              << text_of(site("curvatureMean").raw(mean)) << ' ' << events << ' ' << infeasible << ' ' << stalled << ' ' << zero_update << ' ' << pulling << '\n';
    print_rows("weights", theta, "weight", "bias");
    print_rows("gradients", gradient, "gradient", "gradient");
    print_rows("updates", update, "update", "update");
    for (const std::string& key : keys) {
        std::cout << "site " << key << ' ';
        site(key).print(std::cout);
        std::cout << '\n';
    }
}

void Run::go() {
    read();
    curvature = mean = Value(0);
    size_t at = 0;
    bool throttled = false, anchored = false;
    for (const Phase& phase : phases) {
        for (long k = 0; k < phase.steps; k++, t++) {
            const Batch& batch = batches.at(at++);
            const Value loss = forward(batch);
            const bool pulling = pulls(loss, phase, k == 0 && !anchored);
            backward(batch);
            const Value alpha = throttle(batch, phase, k == 0 && phase.throttle && !throttled);
            const Value rate = site("rate")(alpha * phase.eta, t, 0);
            bool any_gradient = false, any_update = false, changed = false;
            update.assign(layers.size(), Row());
            for (size_t l = 0; l < layers.size(); l++) {
                for (size_t p = 0; p < theta[l].size(); p++) {
                    const Value u = site(l, "update")(rate * gradient[l][p], t, p);
                    const Value pull = pulling ? site(l, "anchorPull")(lambda * (theta[l][p] - anchor[l][p]), t, p) : Value(0);
                    Site& parameter = site(l, p < size_t(layers[l].outputs) * layers[l].inputs ? "weight" : "bias");
                    const Value moved = parameter(theta[l][p] - u - pull, t, p);
                    any_gradient = any_gradient || gradient[l][p] != 0;
                    any_update = any_update || u != 0;
                    changed = changed || moved != theta[l][p];
                    theta[l][p] = moved;
                    update[l].push_back(u);
                }
            }
            print(loss, alpha, rate, any_gradient && !changed, any_gradient && !any_update, pulling);
        }
        throttled = phase.throttle;
        anchored = phase.anchor;
    }
    Site::counting = false;
    std::cout << "final " << text_of(site("loss").raw(forward(batches.at(at)))) << '\n';
    Site::counting = true;
}

int sc_main(int, char**) {
    std::ios::sync_with_stdio(false);
    std::string word;
    while (std::cin >> word) {
        if (word != "plan") {
            std::cerr << "expected a plan, found " << word << '\n';
            return 1;
        }
        Run(std::cin).go();
    }
    return 0;
}
