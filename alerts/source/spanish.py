"""What alerts say, in Spanish. A number, or what Prometheus puts in, is a # (dashboards/source/language.py)."""

from dashboards.source.language import Language

LATE = "De los # chats que {} cerró en {}, # se respondió a tiempo (meta #)"
WORSE = ", y no mejora en {}: el presupuesto de error se consume más de # veces más rápido de lo previsto."
SKILL = "el skill # de #"
OPERATION = "la operación #"


def service_level(people_english, people):
    """Of a skill, and of an operation: the steps of the ladder."""
    late = f"Of the # chats that {people_english} closed within the last "
    goal = ", # were answered in time (goal #)"
    faster = ": the error budget is used up more than # times as fast as planned."
    return {
        # Where polls are rare.
        f"{late}hour{goal}, and it is no better in the last hour{faster}": LATE.format(people, "la última hora") + WORSE.format("la última hora"),
        f"{late}hour{goal}, and it is no better in the last # minutes{faster}": LATE.format(people, "la última hora") + WORSE.format("los últimos # minutos"),
        f"{late}# hours{goal}, and it is no better in the last hour{faster}": LATE.format(people, "las últimas # horas") + WORSE.format("la última hora"),
        f"{late}day{goal}, and it is no better in the last # hours{faster}": LATE.format(people, "el último día") + WORSE.format("las últimas # horas"),
        f"{late}# days{goal}, and it is no better in the last # hours: the error budget is used up more than planned.": LATE.format(people, "los últimos # días")
        + ", y no mejora en las últimas # horas: el presupuesto de error se consume más de lo previsto.",
        f"{late}hour{goal}: more than # points under the goal, for half an hour by now.": LATE.format(people, "la última hora") + ": más de # puntos por debajo de la meta, desde hace media hora.",
    }


TEXTS = {
    "Skill # of #: # answered in time (goal #)": "Skill # de #: # respondido a tiempo (meta #)",
    **service_level("skill # of #", SKILL),
    "Operation #: # answered in time (goal #)": "Operación #: # respondido a tiempo (meta #)",
    **service_level("operation #", OPERATION),
    "Customers of skill # of # wait long for an answer": "Los clientes del skill # de # esperan mucho por una respuesta",
    "Over the last hour, chats of skill # of # waited # on average for the first answer: more than # times the target.": "En la última hora, los chats del skill # de # esperaron # en promedio por la primera respuesta: más de # veces el objetivo.",
    "No chat was closed in # for an hour": "Ningún chat se cerró en # en una hora",
    "The report of # is read without errors, but shows no chat closed within the last hour#, where # are usual at this time of the week#.": "El informe de # se lee sin errores, pero no muestra ningún chat cerrado en la última hora#, cuando # son usuales a esta hora de la semana#.",
    "Far fewer chats in # than usual": "Muchos menos chats en # de lo usual",
    "Over the last hour # closed # chats#, where # are usual at this time of the week#.": "En la última hora # cerró # chats#, cuando # son usuales a esta hora de la semana#.",
    "No chat of the channel # of # for an hour": "Ningún chat del canal # de # en una hora",
    "Within the last hour no chat of the channel # of # was closed, where # are usual at this time of the week.": "En la última hora no se cerró ningún chat del canal # de #, cuando # son usuales a esta hora de la semana.",
    "No chat of skill # of # for an hour": "Ningún chat del skill # de # en una hora",
    "Within the last hour no chat of skill # of # was closed, where # are usual at this time of the week.": "En la última hora no se cerró ningún chat del skill # de #, cuando # son usuales a esta hora de la semana.",
    "Far fewer agents in # than usual": "Muchos menos agentes en # de lo usual",
    "Within the last hour # agents of # closed a chat, where # are usual at this time of the week.": "En la última hora # agentes de # cerraron un chat, cuando # son usuales a esta hora de la semana.",
    "Customers of skill # of # get no answer": "Los clientes del skill # de # no reciben respuesta",
    "In # of the chats that skill # of # closed within # hours, and in which the customer wrote, no agent did: more than # points above the past week.": "En # de los chats que el skill # de # cerró en # horas, y en que el cliente escribió, no lo hizo ningún agente: más de # puntos por encima de la última semana.",
    "Chats of skill # of # are left to the timeout": "Los chats del skill # de # quedan para el timeout",
    "In # of the chats that skill # of # closed within a day, and in which the customer wrote, nobody coded the chat before the timeout: more than # points above the past week.": "En # de los chats que el skill # de # cerró en un día, y en que el cliente escribió, nadie los tipificó antes del timeout: más de # puntos por encima de la última semana.",
    "Customers of skill # of # are left without a reply": "Los clientes del skill # de # quedan sin réplica",
    "In # of the chats that skill # of # closed within # hours the customer wrote last: more than # points above the past week.": "En # de los chats que el skill # de # cerró en # horas el cliente escribió de último: más de # puntos por encima de la última semana.",
    "Customers of skill # of # are unhappier than usual": "Los clientes del skill # de # están más descontentos de lo usual",
    "In # of the chats that skill # of # closed within # hours, and whose mood was recognised, it was negative: more than # points above the past week.": "En # de los chats que el skill # de # cerró en # horas, y cuyo sentimiento se reconoció, fue negativo: más de # puntos por encima de la última semana.",
    "Chats of skill # of # take longer than usual": "Los chats del skill # de # duran más de lo usual",
    "Agents spent # on a chat of skill # of # on average over the last # hours: more than # times the past week.": "El TMO fue # en el skill # de # en promedio en las últimas # horas: más de # veces el de la última semana.",
    "The numbers of # are old": "Los números de # están viejos",
    "#The last good poll of # was #No poll of # has succeeded since counting began, # poll intervals ago. Boards show old numbers, business alerts are silent. Nothing is lost: the next good poll catches up.": "#La última consulta exitosa de # fue #Ninguna consulta de # ha tenido éxito desde que se cuenta, #: tantos intervalos de consulta hace. Los tableros muestran números viejos, las alertas de negocio callan. Nada se pierde: la próxima consulta exitosa se pone al día.",
    "Polls of # fail": "Las consultas de # fallan",
    "No poll of # has succeeded for # minutes. Why: #, #. The log and the status page say more.": "Ninguna consulta de # ha tenido éxito en # minutos. Causa: #, #. El registro y la página de estado dicen más.",
    "Wolkvox rejects the token of #": "Wolkvox rechaza el token de #",
    "Wolkvox answers that the token of # is wrong. It will not mend itself: a new token is needed.": "Wolkvox responde que el token de # es incorrecto. No se arregla solo: hace falta un token nuevo.",
    "The daily API calls of # are nearly used up": "Las llamadas diarias a la API de # casi se agotan",
    "This exporter alone has used # of the API calls that # has a day, with the other operations that share its token.": "Solo este exportador ha usado # de las llamadas a la API que # tiene al día, con las otras operaciones que comparten su token.",
    "The daily API calls of # are used up": "Las llamadas diarias a la API de # se agotaron",
    "Wolkvox refuses calls of # until its quota begins anew. The next good poll catches up.": "Wolkvox rechaza las llamadas de # hasta que su cuota empiece de nuevo. La próxima consulta exitosa se pone al día.",
    "# is polled less often, for want of API calls": "# se consulta menos seguido, por falta de llamadas a la API",
    "The API calls that # has left today would not last until midnight at the usual pace: it is polled less often, and its numbers are older than usual. Nothing is lost.": "Las llamadas a la API que le quedan hoy a # no alcanzarían hasta la medianoche al ritmo usual: se consulta menos seguido, y sus números son más viejos de lo usual. Nada se pierde.",
    "Answers for # are cut (#)": "Las respuestas para # llegan cortadas (#)",
    "Within an hour # answers of the report of # were incomplete (#) and were not counted: no chat of that time shows until it is read whole.": "En una hora # respuestas del informe de # llegaron incompletas (#) y no se contaron: ningún chat de ese tiempo aparece hasta que se lea entero.",
    "Seconds of the report of # were given up": "Se abandonaron segundos del informe de #",
    "Within an hour about # of the report of # were given up after repeated failure: chats closed in them are missing from all numbers.": "En una hora se abandonaron unos # del informe de # tras fallar repetidamente: los chats cerrados en ellos faltan en todos los números.",
    "The state of # can not be written to disk": "El estado de # no se puede escribir en disco",
    "Within # minutes # attempts to write the state of # failed. Until one succeeds, nothing new is shown.": "En # minutos fallaron # intentos de escribir el estado de #. Hasta que uno tenga éxito, no se muestra nada nuevo.",
    "The state of # was damaged and begun anew": "El estado de # estaba dañado y se empezó de nuevo",
    "At its start the exporter put a damaged state of # aside and began to count anew. What was not yet scraped is lost.": "Al arrancar, el exportador apartó un estado dañado de # y empezó a contar de nuevo. Lo que aún no se había leído se perdió.",
    "Many chats of # show up late in the report": "Muchos chats de # aparecen tarde en el informe",
    "Of the chats of the last # hours, # were missed by the polls and found by the hourly sweep only. They are counted, but late: boards and alerts lag.": "De los chats de las últimas # horas, a # no los vieron las consultas y solo los encontró el repaso de cada hora. Se cuentan, pero tarde: tableros y alertas van atrás.",
    "The field # of the report of # can not be read": "El campo # del informe de # no se puede leer",
    "In # of the chats of the last # hours the value of # could not be read. The chats count, these values do not.": "En # de los chats de las últimas # horas el valor de # no se pudo leer. Los chats cuentan, esos valores no.",
    "The field # is gone from the report of #": "El campo # desapareció del informe de #",
    "In # of the chats of the last # hours the documented field # was missing: the report may have been changed, and what is made of this field is incomplete.": "En # de los chats de las últimas # horas faltaba el campo documentado #: puede que el informe haya cambiado, y lo que se hace de este campo está incompleto.",
    "The series of # come near their limit": "Las series de # se acercan a su límite",
    "# of the series that # may have are in use. Past the limit, new skills, agents and codes are counted as \"other\".": "# de las series que # puede tener están en uso. Pasado el límite, los skills, agentes y tipificaciones nuevos se cuentan como \"other\".",
    "Chats of # are counted as \"other\"": "Los chats de # se cuentan como \"other\"",
    "The limit of series is reached: within an hour # chats of # were counted under \"other\" instead of their own skill, agent or code.": "Se alcanzó el límite de series: en una hora # chats de # se contaron en \"other\" en vez de en su propio skill, agente o tipificación.",
    "The clocks of the exporter and of # differ": "Los relojes del exportador y de # difieren",
    "The clock of the Wolkvox server of # and that of the exporter are # apart.": "El reloj del servidor Wolkvox de # y el del exportador difieren en #.",
    "The time zone of # seems wrong": "La zona horaria de # parece incorrecta",
    "Chats of # close in the future, or all of them show up long after their close although every poll succeeds: WOLKVOX_TIMEZONE is probably not the zone of the operation.": "Los chats de # se cierran en el futuro, o todos aparecen mucho después de cerrarse aunque cada consulta tiene éxito: WOLKVOX_TIMEZONE probablemente no es la zona de la operación.",
    "Chats of # that closed long ago are being counted now": "Se están contando chats de # que se cerraron hace mucho",
    "Only # of the chats that were first seen within the last hour had closed less than an hour before: a backlog is being caught up. Business alerts are silent meanwhile.": "Solo # de los chats vistos por primera vez en la última hora se habían cerrado menos de una hora antes: se está recuperando un atraso. Mientras tanto las alertas de negocio callan.",
    "The report of # is read ever later, although polls succeed": "El informe de # se lee cada vez más tarde, aunque las consultas tienen éxito",
    "Polls of # succeed, but they read the report of # ago, and have not caught up within # minutes.": "Las consultas de # tienen éxito, pero leen el informe de hace #, y no se han puesto al día en # minutos.",
    "Nobody polls #": "Nadie consulta #",
    "# is configured, but no exporter has polled it for # minutes. The log and the status page say why. The other operations go on.": "# está configurada, pero ningún exportador la ha consultado en # minutos. El registro y la página de estado dicen por qué. Las demás operaciones siguen.",
    "# is not configured any more": "# ya no está configurada",
    "# was configured within the last day, and is no more in any exporter of the job #, all of which can be scraped. Nobody counts its chats, and no other alert can tell.": "# estuvo configurada en el último día, y ya no está en ningún exportador del job #, aunque todos se pueden leer. Nadie cuenta sus chats, y ninguna otra alerta lo puede decir.",
    "wolkvox-exporter at # starts again and again": "wolkvox-exporter en # arranca una y otra vez",
    "The exporter at # (job #) has started # times within an hour. No chat is counted twice or lost, but its numbers stand still in between.": "El exportador en # (job #) ha arrancado # veces en una hora. Ningún chat se cuenta dos veces ni se pierde, pero entretanto sus números se detienen.",
    "wolkvox-exporter at # refused its new configuration": "wolkvox-exporter en # rechazó su nueva configuración",
    "The last reload of the configuration of the exporter at # (job #) was refused. It goes on with the settings that it had; the log says what is wrong.": "La última recarga de la configuración del exportador en # (job #) se rechazó. Sigue con los ajustes que tenía; el registro dice qué está mal.",
    "# is polled by several exporters": "# es consultada por varios exportadores",
    "# exporters poll #. Where their states are in files, each counts every chat, and boards that add them up show too much.": "# exportadores consultan #. Si sus estados están en archivos, cada uno cuenta todos los chats, y los tableros que los suman muestran de más.",
    "Operations go from replica to replica": "Las operaciones pasan de réplica en réplica",
    "Within an hour each operation of the job # was taken over # times: replicas die again and again, or can't renew their leases. Nothing is lost, but each time the numbers stand still for up to a lease.": "En una hora cada operación del job # pasó de manos # veces: las réplicas mueren una y otra vez, o no pueden renovar sus concesiones. Nada se pierde, pero cada vez los números se detienen hasta lo que dura una concesión.",
    "The replica at # can not use its database": "La réplica en # no puede usar su base de datos",
    "The replica at # (job #) can't read or write the states in PostgreSQL. When its leases are out, it shows no operation. Others go on with them if the database answers those.": "La réplica en # (job #) no puede leer ni escribir los estados en PostgreSQL. Cuando venzan sus concesiones, no mostrará ninguna operación. Otras seguirán con ellas si la base de datos les responde.",
    "Replicas have different configurations": "Las réplicas tienen configuraciones distintas",
    "The replicas of the job # have # different configurations. Whoever takes an operation over polls and counts it by its own: one that leaves agents out deletes what was counted of them.": "Las réplicas del job # tienen # configuraciones distintas. La que toma una operación la consulta y cuenta según la suya: una que omite agentes borra lo que se contó de ellos.",
    "wolkvox-exporter at # can not be scraped": "wolkvox-exporter en # no se puede leer",
    "Prometheus has not reached the exporter at # (job #) for # minutes. It polled: #, #. Chats are counted after its return, nothing is lost; their boards are empty until then.": "Prometheus no ha alcanzado al exportador en # (job #) en # minutos. Consultaba: #, #. Los chats se cuentan a su regreso, nada se pierde; sus tableros están vacíos hasta entonces.",
    "Prometheus knows no wolkvox-exporter": "Prometheus no conoce ningún wolkvox-exporter",
    "No target with \"wolkvox\" in the name of its job has been there for # minutes: it was removed, renamed, or service discovery does not find it.": "No ha habido ningún objetivo con \"wolkvox\" en el nombre de su job en # minutos: se quitó, se renombró, o el descubrimiento de servicios no lo encuentra.",
}

# Which of them rules say depends on how often is polled.
LADDER = {**service_level("skill # of #", SKILL), **service_level("operation #", OPERATION)}

SPANISH = Language("es", TEXTS, LADDER)
