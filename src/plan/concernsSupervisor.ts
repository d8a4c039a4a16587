/** Supervisors that take back what they should keep, or the same for ever. */
import { SUPERVISOR_PARAMETERS, type SupervisorParameter } from '../control/registry.js';
import { formatName } from '../format/format.js';
import type { Examined, Report } from './concernsExact.js';
import { real } from './concernsExact.js';

/** Rejections after which a repair lets go. */
const PATIENCE = 20;

export function examineSupervisor({ plan }: Examined, report: Report): void {
  const { supervisor, phases, sites } = plan;
  const { law } = supervisor;
  if (law === 'none' || !phases.some((phase) => phase.supervisor)) return;
  const loss = sites['loss']!;
  // What is zero was stated so: a constant that becomes zero is refused.
  const zero = (['margin', 'slack', 'limit'] as const).filter((name) => supervisor[name]?.raw === '0');
  const strict: readonly SupervisorParameter[] = law === 'rollback' ? zero : zero.length === 2 ? zero : [];
  if (strict.length > 0) {
    report({
      code: 'supervisor-strict', severity: 'warning', where: `supervisor.${strict.join(', supervisor.')}`,
      message: 'a loss that is one last place above the mean of accepted ones is taken back: what a batch adds by chance is enough',
      found: `0, where ${formatName(loss)} has a last place of ${real(1n, loss.fractionLength)}`, expected: 'more than losses differ from batch to batch',
      try: `--set supervisor.${strict[0]!}=${SUPERVISOR_PARAMETERS[strict[0] as 'margin'].default}`,
    });
  }
  const drifting = phases.findIndex((phase) => phase.supervisor && phase.sensor);
  if (drifting >= 0 && supervisor.patience === 0) {
    report({
      code: 'supervisor-live-lock', severity: 'warning', where: 'supervisor.patience',
      message: `where drift raises the loss for good in phases[${drifting}], it goes back to the same parameters in every step, and never learns what would lower it`,
      found: '0: it never takes a loss as it is', expected: 'rejections in a row after which it does', try: `--set supervisor.patience=${PATIENCE}`,
    });
  }
}
